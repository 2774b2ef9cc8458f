export { createReceiverApp } from './app.js';
export type {
  ReceivedEvent,
  ReceiverDeps,
  ReceiverLimits,
  ReceiverRejectionReason,
  ReceiverSource,
  ReceiverTelemetry,
  RejectedEvent,
  StoreRefusal,
  Via,
  WebhookAccess,
} from './ports.js';
export { type RunningServer, type ServerOptions, startServer } from './server.js';
