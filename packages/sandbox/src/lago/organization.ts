import { type Answer, answerJson } from '../answer.js';
import { lagoIdFor } from './event-json.js';
import type { LagoOptions } from './options.js';

/** GET /organizations: of the key's own. `events_store` is what a reader comes for (since Lago 1.47.0). */
export function getOrganization({ store }: LagoOptions): Answer {
  return answerJson(200, {
    organization: {
      lago_id: lagoIdFor('organization'),
      name: 'Sandbox',
      slug: 'sandbox',
      default_currency: 'USD',
      created_at: '2020-01-01T00:00:00Z',
      webhook_url: null,
      webhook_urls: [],
      country: null,
      address_line1: null,
      address_line2: null,
      state: null,
      zipcode: null,
      email: null,
      city: null,
      legal_name: null,
      legal_number: null,
      timezone: 'UTC',
      net_payment_term: 0,
      email_settings: [],
      document_numbering: 'per_customer',
      document_number_prefix: 'SAN-0001',
      tax_identification_number: null,
      finalize_zero_amount_invoice: true,
      billing_configuration: { invoice_footer: null, invoice_grace_period: 0, document_locale: 'en' },
      events_store: store,
    },
  });
}
