import { secretSchema } from '@meterbridge/destinations';
import {
  type Clock,
  findPrivacyPathProblem,
  findWrittenRootProblem,
  type Privacy,
  type PrivacyRules,
} from '@meterbridge/segment-events';
import { nameSchema } from '@meterbridge/usage-mapping';
import * as z from 'zod';

/** A variable that is set to nothing is as good as none: `${NAME:-}` configures nothing. */
const secret = secretSchema;
const secrets = z.array(secret);

const privacyPath = z.string().superRefine((path, context) => {
  // An event that is refused before it is frozen has its write key still.
  const message =
    findPrivacyPathProblem(path) ?? (path === 'writeKey' ? undefined : findWrittenRootProblem(path));
  if (message) context.addIssue({ code: 'custom', message });
});

const headerSchema = z
  .strictObject({
    name: z.string().regex(/^[\w!#$%&'*+.^`|~-]+$/, 'the name of an HTTP header was expected'),
    value: secret.optional(),
    values: secrets.optional().describe('Every live value, while one is being replaced'),
  })
  .transform(({ name, value, values }) => ({ name, values: present(value, values) }));

/** How one source proves itself, and what of its events may be stored. */
export const sourceSchema = z
  .strictObject({
    name: nameSchema.describe('Stands in the webhook’s path: /webhooks/segment/<name>'),
    writeKey: secret.optional().describe('For clients that send to the Tracking API'),
    writeKeys: secrets.optional().describe('Every live key, while one is being replaced'),
    refuseUnknownWriteKeys: z
      .boolean()
      .optional()
      .describe(
        'Whether an event that comes under a key of this source and names one of no source is refused; else it is its own',
      ),
    webhookSecret: secret.optional().describe("The shared secret of Segment's webhook destination"),
    webhookSecrets: secrets.optional(),
    functionSecret: secret
      .optional()
      .describe('The secret of the Segment Function that forwards events; it signs each request whole'),
    functionSecrets: secrets.optional(),
    webhook: z
      .strictObject({
        header: headerSchema
          .optional()
          .describe('A header with a secret, set in Segment beside the signature'),
        acceptFirstEventSignature: z
          .boolean()
          .default(false)
          .describe("Segment signs only a batch's first event; true believes the others unproven"),
      })
      .prefault({}),
    clock: z
      .enum(['device', 'server'])
      .optional()
      .describe(
        "Whose clock its events go by: a device's is corrected; where left out, each event's context tells",
      ),
    privacy: z
      .strictObject({
        drop: z.array(privacyPath).optional(),
        mask: z.array(privacyPath).optional(),
        hash: z.array(privacyPath).optional().describe('HMAC-SHA-256 with privacyKey'),
        sha256: z
          .array(privacyPath)
          .optional()
          .describe('Without a key, for joins with others; what is guessed is found'),
      })
      .optional()
      .describe('What is taken out of events before anything is stored'),
    deleteCalls: z
      .enum(['refuse', 'forget'])
      .optional()
      .describe(
        "What a delete or suppress call does that a webhook's or function's secret proves: it is refused, or the person is forgotten; needs privacyKey",
      ),
    integrations: z
      .array(z.string().min(1))
      .default([])
      .describe(
        'Names by which the integrations of an event may switch it off here; none: they are not asked',
      ),
  })
  .transform((settings, context): Source => {
    const webhookSecrets = present(settings.webhookSecret, settings.webhookSecrets);
    const functionSecrets = present(settings.functionSecret, settings.functionSecrets);
    const { header, acceptFirstEventSignature } = settings.webhook;
    const liveHeader = header && header.values.length > 0 ? header : undefined;
    const source: Source = {
      name: settings.name,
      clock: settings.clock,
      writeKeys: present(settings.writeKey, settings.writeKeys),
      integrationNames: settings.integrations,
      refuseUnknownWriteKeys: settings.refuseUnknownWriteKeys,
      forgetsOnCall: settings.deleteCalls === 'forget' || undefined,
    };
    if (settings.privacy) source.privacy = settings.privacy as PrivacyRules;
    if (webhookSecrets.length > 0 || liveHeader || functionSecrets.length > 0) {
      source.webhook = { secrets: webhookSecrets, acceptFirstEventSignature };
      if (liveHeader) source.webhook.header = liveHeader;
      if (functionSecrets.length > 0) source.webhook.functionSecrets = functionSecrets;
    }
    if (source.writeKeys.length === 0 && !source.webhook) {
      context.addIssue({
        code: 'custom',
        message: 'needs a writeKey, a webhookSecret, a functionSecret or a webhook header',
      });
    } else if (source.forgetsOnCall && !source.webhook) {
      context.addIssue({
        code: 'custom',
        path: ['deleteCalls'],
        message:
          'forget needs a webhookSecret, a functionSecret or a webhook header: a write key alone proves no such call',
      });
    }
    return source;
  });

/** A source as the receiver takes it. */
export type Source = {
  name: string;
  /** Every live key, so that a rotation refuses no sender; none where it takes webhooks only. No key belongs to two sources. */
  writeKeys: string[];
  /** Whether its key vouches only for events that name it, or none; left out: for those as well that name a key of no source. */
  refuseUnknownWriteKeys?: boolean;
  /** Whether a person is forgotten whom a proven delete or suppress call names; else such calls are refused. */
  forgetsOnCall?: boolean | undefined;
  /** Left out where nothing could prove a webhook. */
  webhook?: WebhookAccess;
  /** Whose clock its events go by; each event's own `context` tells where it is not said. */
  clock?: Clock | undefined;
  /** Takes personal data out of whatever is stored; left out where the source has no such rules. */
  applyPrivacy?: Privacy;
  /** The rules that it is compiled from, once the file's key is known. */
  privacy?: PrivacyRules;
  /** What the `integrations` of events may call this installation; with none they are not asked. */
  integrationNames: string[];
};

/** How Segment's webhooks and functions prove themselves to a source. At least one proof is configured. */
export type WebhookAccess = {
  /** Every live shared secret of X-Signature; empty where another proof stands alone. */
  secrets: string[];
  /** A header the webhook must carry beside the signature, with every live value of it. */
  header?: { name: string; values: string[] };
  /** Every live secret of the source's Segment Function, whose signature is a proof of its own; left out where none forwards to it. */
  functionSecrets?: string[];
  /** Whether a batch whose signature covers its first event only is believed without a secret header. */
  acceptFirstEventSignature: boolean;
};

function present(one: string | undefined, several: readonly string[] | undefined): string[] {
  return [...new Set([one, ...(several ?? [])])].filter((text): text is string => !!text);
}
