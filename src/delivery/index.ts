export {
  type CapturedItem,
  type CapturedMessage,
  CaptureInbox,
  type InboxPage,
  type InboxSearch,
} from './capture.inbox.js';
export { dispatchMessages } from './dispatch-messages.js';
export { DeliveryHealthModule } from './delivery-health.module.js';
export { DeliveryModule } from './delivery.module.js';
export { Ledger } from './ledger.service.js';
export { type ApiMessage, apiMessage, messagePageSchema, messageQuerySchema, progressSchema } from './message.api.js';
export { MailStopModule } from './mail-stop.module.js';
export { MailStop, type StandingStop } from './mail.stop.js';
export { stopReasonSchema } from './mail-stop.api.js';
export { MessageDesk, type UnknownOutcome } from './message.desk.js';
export { DeliveryDeskModule } from './delivery-desk.module.js';
export { messageIdOf } from './message.identity.js';
export { MESSAGE_STATES, type MessageState, TEMPLATE_CHANGED } from './message.states.js';
export type {
  Batch,
  DispatchState,
  DispatchView,
  FeedbackResult,
  LedgerFault,
  MessageQuery,
  MessageView,
  NewDispatch,
  NewMessage,
  Progress,
  ReminderGuard,
  Route,
  UnsentFilter,
} from './ledger.types.js';
export { type Reconciled, Reconciler } from './reconciler.js';
export { type ReportDesk, type ReportListener, startReportListener } from './report.listener.js';
export { messageIdOfReturnPath, returnPathsOf } from './return-path.rules.js';
export { OptOuts } from './opt-outs.js';
export { OAUTH_OPTIONS, type OAuthSettings, oauthOf } from './oauth-settings.js';
export { SmtpTokenSource as MailTokenSource } from './smtp-oauth.js';
export { LedgerModule } from './ledger.module.js';
export { senderOf } from './sender.rules.js';
export { SuppressionDesk } from './suppression.desk.js';
export { type NewSuppression, type Suppression, SuppressionList } from './suppression.list.js';
export { TransportPace } from './transport.pace.js';
export type { MailTransport, OutgoingMessage, Outcome } from './transport.js';
export { TransportWrappingModule, type WrapTransport } from './transport.wrapping.js';
export { readUnsubscribeToken, unsubscribeToken } from './unsubscribe-link.rules.js';
export { COUNTED_AGAINST_BUDGET } from './pace.repository.js';
export { TrialRecord } from './trial.record.js';
