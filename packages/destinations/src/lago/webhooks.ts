import { isJsonObject } from '@meterbridge/segment-events';
import type { ReportedFault, WebhookHeaders, WebhookReading, Webhooks } from '../destination.js';
import type { LagoSettings } from './settings.js';
import { isSignedByJwt, isSignedByKey, readPublicKey } from './webhook-proof.js';

/**
 * The one webhook that names usage which is not billed: five minutes after each hour, of the events that came in it.
 * It never names an event of an unknown subscription, nor one whose metric was deleted.
 */
const REPORT = 'events.errors';

/** What Lago's lists mean. It gives nothing but the events' transaction ids. */
const DETAILS: Record<string, string> = {
  invalid_code: 'no billable metric has its code: Lago stored it and bills nothing for it',
  missing_aggregation_property:
    "the metric's field is missing in it or no number: Lago counts it as nothing; of a custom_agg metric without a field Lago says so always, and bills it all the same",
  missing_group_key: 'it lacks a property that the charge groups by',
  invalid_filter_values:
    'a property has a value that no filter of the charge knows: it is billed by the charge without filters, which may be free',
};

/** A list that this version does not know is reported all the same; what is no name of a list is not. */
const NAME = /^[a-z][a-z0-9_]{0,63}$/;
/** Lists of one report; a fifth is one that this version does not know. */
const MAX_LISTS = 20;

const UNREADABLE: ReportedFault = {
  kind: 'unreadable',
  usageId: '',
  detail: "a part of Lago's report cannot be read by this version: look there for what it says",
};

/** Null where the settings have no key. */
export function openLagoWebhooks({ webhookKey, webhookJwt }: LagoSettings): Webhooks | null {
  if (!webhookKey && !webhookJwt) return null;
  const publicKey = webhookJwt ? readPublicKey(webhookJwt.publicKey) : null;
  return {
    findDoubt(headers, rawBody) {
      const signature = headerOf(headers, 'x-lago-signature');
      if (!signature) return 'X-Lago-Signature is missing';
      if (headerOf(headers, 'x-lago-signature-algorithm') === 'hmac') {
        if (!webhookKey) return 'webhooks signed by HMAC are not taken here';
        return isSignedByKey(rawBody, signature, webhookKey) ? null : 'X-Lago-Signature is wrong';
      }
      if (!publicKey) return 'webhooks signed by JWT are not taken here';
      if (!isSignedByJwt(rawBody, signature, publicKey)) return 'X-Lago-Signature is wrong';
      return organizationOf(rawBody) === webhookJwt!.organizationId
        ? null
        : 'the webhook is that of another organization, or names none';
    },
    read: readLagoWebhook,
    nameOf: (headers) => headerOf(headers, 'x-lago-unique-key'),
  };
}

/** What a webhook reports. */
export function readLagoWebhook(rawBody: Buffer): WebhookReading {
  const body = parse(rawBody);
  if (typeof body?.webhook_type !== 'string') return { ok: false, problem: 'the body is not a webhook' };
  if (body.webhook_type !== REPORT) return { ok: true, isReport: false, faults: [] };
  return { ok: true, isReport: true, faults: readLists(body.events_errors) };
}

function readLists(lists: unknown): ReportedFault[] {
  if (!isJsonObject(lists)) return [UNREADABLE];
  const entries = Object.entries(lists);
  const faults: ReportedFault[] = [];
  let isAllRead = entries.length <= MAX_LISTS;
  for (const [kind, ids] of entries.slice(0, MAX_LISTS)) {
    if (ids === null) continue;
    if (!Array.isArray(ids) || !NAME.test(kind)) {
      isAllRead = false;
      continue;
    }
    const detail = Object.hasOwn(DETAILS, kind) ? DETAILS[kind]! : `Lago reports it as ${kind}`;
    for (const usageId of ids) {
      if (typeof usageId === 'string') faults.push({ kind, usageId, detail });
      else isAllRead = false;
    }
  }
  return isAllRead ? faults : [...faults, UNREADABLE];
}

function organizationOf(rawBody: Buffer): unknown {
  return parse(rawBody)?.organization_id;
}

function parse(rawBody: Buffer): Record<string, unknown> | null {
  try {
    const json: unknown = JSON.parse(rawBody.toString());
    return isJsonObject(json) ? json : null;
  } catch {
    return null;
  }
}

function headerOf(headers: WebhookHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : value?.[0];
}
