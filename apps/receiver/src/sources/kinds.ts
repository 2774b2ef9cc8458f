import { SEGMENT_WEBHOOK } from './segment-webhook.js';
import type { SourceKind } from './source-kind.js';
import { TRACKING_API } from './tracking-api.js';

/** Every way for events to come in; another is a file beside these and a line here. */
export const SOURCE_KINDS: readonly SourceKind[] = [TRACKING_API, SEGMENT_WEBHOOK];
