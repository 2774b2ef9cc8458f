# One image for everything that runs: receiver, worker, command line and sandbox. Which one it is, the
# command says; docker-compose.yml has them all.
#
#   docker build -t meterbridge .
#   docker run --init meterbridge node apps/worker/dist/main.js

FROM node:20-bookworm-slim AS build
WORKDIR /app
ENV CI=true TURBO_TELEMETRY_DISABLED=1

# The packages come before the sources: a changed source then does not download them again.
COPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./
RUN npm install --global "$(node -p "require('./package.json').packageManager")"
RUN pnpm fetch

COPY turbo.json ./
COPY packages packages
COPY apps apps
RUN pnpm install --offline --frozen-lockfile && pnpm exec turbo run build --output-logs=errors-only

# What the four programs need at run time, and nothing that only builds or tests.
RUN rm -rf node_modules apps/*/node_modules packages/*/node_modules \
    && pnpm install --offline --frozen-lockfile --prod \
       --filter-prod '@meterbridge/receiver...' --filter-prod '@meterbridge/worker...' \
       --filter-prod '@meterbridge/cli...' --filter-prod '@meterbridge/sandbox...' \
    && rm -rf apps/*/src packages/*/src apps/*/.turbo packages/*/.turbo .turbo \
       packages/benchmarks packages/chaos packages/testing packages/tooling

FROM node:20-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production
# Owned by root and run by another: no program can change its own code.
COPY --from=build /app ./
USER node
CMD ["node", "apps/cli/dist/main.js", "--help"]
