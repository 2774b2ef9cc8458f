import { createHmac, createSign, type KeyLike, randomUUID } from 'node:crypto';
import { lagoIdFor } from './event-json.js';
import type { LagoOptions } from './options.js';
import type { LagoStore } from './store.js';

/** How a webhook is signed: with the organization's HMAC key, or with the private key of the whole Lago. */
export type WebhookSigning = { hmacKey: string } | { privateKey: KeyLike };

export type WebhookTarget = {
  url: string;
  signing: WebhookSigning;
  /** The same when it is sent again. Default: a new one. */
  uniqueKey?: string;
};

/** The organization whose webhooks these are. */
export const LAGO_ORGANIZATION = lagoIdFor('organization');

/** The headers with which Lago sends a webhook of this body. */
export function signLagoWebhook(
  body: string,
  signing: WebhookSigning,
  uniqueKey: string = randomUUID(),
): Record<string, string> {
  const isHmac = 'hmacKey' in signing;
  return {
    'content-type': 'application/json',
    'x-lago-signature': isHmac
      ? createHmac('sha256', signing.hmacKey).update(body).digest('base64')
      : writeJwt({ data: body, iss: 'https://lago.test' }, signing.privateKey),
    'x-lago-signature-algorithm': isHmac ? 'hmac' : 'jwt',
    'x-lago-unique-key': uniqueKey,
  };
}

function writeJwt(claims: object, privateKey: KeyLike): string {
  const encode = (json: object) => Buffer.from(JSON.stringify(json)).toString('base64url');
  const signed = `${encode({ alg: 'RS256' })}.${encode(claims)}`;
  return `${signed}.${createSign('RSA-SHA256').update(signed).sign(privateKey, 'base64url')}`;
}

/** Sends a webhook once. Answers the status. */
export async function sendLagoWebhook(
  body: string,
  { url, signing, uniqueKey }: WebhookTarget,
): Promise<number> {
  const headers = signLagoWebhook(body, signing, uniqueKey);
  const response = await fetch(url, { method: 'POST', body, headers });
  await response.arrayBuffer();
  return response.status;
}

/** The body of the hourly `events.errors`, about all that is held. An unknown subscription is in no list. */
export function writeEventsErrors(store: LagoStore, { metrics = {} }: LagoOptions): string {
  const invalidCode: string[] = [];
  const missingProperty: string[] = [];
  for (let row = 0; row < store.ledger.size; row += 1) {
    const { ledger } = store;
    const id = ledger.idOf(row);
    const reason = store.whyUnbillable(row);
    const metric = metrics[ledger.codes.nameOf(ledger.columns.code[row]!) ?? ''];
    // Lago looks for a field where a custom aggregation need not have any.
    const isFalseAlarm = metric?.aggregation === 'custom_agg' && metric.field === undefined;
    if (reason === 'unknown_code') invalidCode.push(id);
    else if (reason === 'missing_property' || reason === 'not_numeric' || isFalseAlarm)
      missingProperty.push(id);
  }
  return JSON.stringify({
    webhook_type: 'events.errors',
    object_type: 'events_errors',
    organization_id: LAGO_ORGANIZATION,
    events_errors: {
      invalid_code: invalidCode,
      missing_aggregation_property: missingProperty,
      missing_group_key: null,
      invalid_filter_values: [],
    },
  });
}
