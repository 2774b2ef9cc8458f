# One image for everything that runs: receiver, worker, archivist, command line and sandbox. It holds the package that `npm pack`
# makes, installed for all. Which program it is, the command says; docker-compose.yml has them all.
#
#   docker build -t meterbridge --build-arg REVISION="$(git rev-parse --short=12 HEAD)" .
#   docker run --init meterbridge meterbridge-worker

# The newest Node with long-term support. To pin it, `--build-arg BASE=node:24-bookworm-slim@sha256:…` with the digest that
# `docker buildx imagetools inspect node:24-bookworm-slim` says; so, too, for a registry of your own.
ARG BASE=node:24-bookworm-slim

FROM $BASE AS build
WORKDIR /app
ENV CI=true TURBO_TELEMETRY_DISABLED=1

# The packages come before the sources: a changed source then does not download them again.
COPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./
RUN npm install --global "$(node -p "require('./package.json').packageManager")"
RUN pnpm fetch

COPY turbo.json LICENSE README.md CHANGELOG.md .env.example meterbridge.*.yaml meterbridge.schema.json ./
COPY docs docs
COPY packages packages
COPY apps apps
# What --version and the metrics say; a build has no repository to ask.
ARG REVISION=
ENV METERBRIDGE_REVISION=$REVISION
# Installs from what was fetched, builds, and packs.
RUN npm pack --pack-destination /tmp

FROM $BASE
WORKDIR /app
ENV NODE_ENV=production
# Owned by root and run by another: no program can change its own code. DuckDB, which writes and reads receipts, comes
# from the registry.
RUN --mount=type=bind,from=build,source=/tmp,target=/package \
    npm install --global --no-audit --no-fund /package/meterbridge-*.tgz && rm -rf /root/.npm
# A volume that is mounted here for the first time belongs to who writes to it.
RUN mkdir -p /var/lib/meterbridge/receipts && chown node:node /var/lib/meterbridge/receipts
USER node
CMD ["meterbridge", "--help"]
