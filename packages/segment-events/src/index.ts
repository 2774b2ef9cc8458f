export { compilePath, readPath, type SplitPath, splitPath } from './path.js';
export {
  CALL_TYPES,
  type CallType,
  isJsonObject,
  type JsonObject,
  MAX_MESSAGE_ID_LENGTH,
  type MessageId,
  messageIdSchema,
  type SegmentEvent,
  segmentEventSchema,
} from './segment-event.js';
