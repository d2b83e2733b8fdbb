import { type AuditEntry } from '../access/index.js';
import { capitalised } from './words.js';

/** What the audit trail calls the kinds of thing that are done, and how the pages call them. */
export const AUDIT_AREAS = {
  campaign: 'Campaigns',
  message: 'Messages that may have arrived',
  cascade: 'Cascades',
  'declaration-window': 'Declaration windows',
  declarations: 'Declaration status',
  directory: 'Imports',
  suppression: 'Blocked addresses',
  delivery: 'Trial mode, and the stop of all mail',
  report: 'Returned messages',
  person: 'People and sign-ins',
  'api-key': 'API keys',
  webhook: 'Webhooks',
  retention: 'Retention',
} as const;
export type AuditArea = keyof typeof AUDIT_AREAS;
export const AUDIT_AREA_NAMES = Object.keys(AUDIT_AREAS) as [AuditArea, ...AuditArea[]];

/** Words that do not follow from the action's name. */
const ACTIONS: Readonly<Record<string, string>> = {
  'person.signed-in': 'Signed in',
  'person.changed': 'Changed the access of somebody',
  'api-key.created': 'Created an API key',
  'api-key.revoked': 'Revoked an API key',
  'campaign.created': 'Drafted a campaign',
  'campaign.edit': 'Changed a campaign',
  'campaign.submit': 'Submitted a campaign for approval',
  'campaign.approve': 'Approved a campaign',
  'campaign.send-back': 'Sent a campaign back',
  'campaign.void-approval': 'Took an approval back: it held no longer',
  'campaign.schedule': 'Scheduled a campaign',
  'campaign.release': 'Released a campaign',
  'campaign.launch': 'Began to send a campaign',
  'campaign.pause': 'Paused a campaign',
  'campaign.resume': 'Resumed a campaign',
  'campaign.finish': 'Finished a campaign',
  'campaign.cancel': 'Cancelled a campaign',
  'campaign.step-dispatched': 'Sent a step of a campaign',
  'campaign.step-skipped': 'Left out a step of a campaign',
  'campaign.withheld': 'Withheld emails of people of whom the directory says something else now',
  'campaign.test-sent': 'Sent a test email',
  'directory.imported': 'Imported a file',
  'directory.import-undone': 'Undid an import',
  'declarations.imported': 'Imported a file of declaration status',
  'declarations.applied': 'Reported declaration status',
  'message.decided': 'Decided about a message that may have arrived',
  'suppression.added': 'Blocked an address',
  'suppression.lifted': 'Lifted the block of an address',
  'delivery.stopped': 'Stopped all mail',
  'delivery.resumed': 'Let all mail go on',
  'delivery.trial-off': 'Started with trial mode off',
  'delivery.trial-on': 'Started with trial mode on',
  'webhook.registered': 'Added a webhook',
  'webhook.removed': 'Removed a webhook',
  'webhook.enabled': 'Switched a webhook on',
  'webhook.disabled': 'Switched a webhook off',
  'webhook.redelivered': 'Delivered an event again',
  'webhook.secret-rotated': 'Made a new signing secret',
  'webhook.tested': 'Sent a test event',
  'cascade.frozen': 'Began a cascade',
  'cascade.nudged': 'Nudged who is silent',
  'cascade.proof-issued': 'Issued a proof of a cascade',
  'simulation.started': 'Started a simulation',
  'retention.purged': 'Purged personal data',
};

/** "Changed a webhook" and the like; an action without words shows its own name, readably. */
export function actionOf(action: string): string {
  const words = ACTIONS[action];
  if (words !== undefined) return words;
  const [area = '', what = ''] = action.split('.');
  return capitalised(`${area.replaceAll('-', ' ')}: ${what.replaceAll('-', ' ')}`);
}

/** What an entry is about: its kind in words, its id, and the page that shows it where there is one. */
export interface Subject {
  readonly text: string;
  readonly id: string;
  readonly href?: string;
}

export function subjectOf({ subject }: Pick<AuditEntry, 'subject'>, names: ReadonlyMap<string, string>): Subject {
  const [kind, id] = splitAtColon(subject);
  const name = names.get(subject);
  switch (kind) {
    case 'campaign':
      return { text: name ?? 'Campaign', id, href: `/campaigns/${id}` };
    case 'person':
      return { text: name ?? 'Person', id, href: `/settings/people/${id}` };
    case 'key':
      return { text: 'API key', id, href: '/settings/keys' };
    case 'webhook':
      return { text: 'Webhook', id, href: `/settings/webhooks/${id}` };
    case 'import':
      return { text: 'Import', id, href: '/imports' };
    case 'declaration-window':
      return { text: 'Window', id, href: `/windows/${id}` };
    case 'message':
      return { text: 'Message', id, href: `/messages/${id}` };
    case 'cascade':
      return { text: 'Cascade', id, href: `/cascades/${id}` };
    default:
      return { text: capitalised(kind), id };
  }
}

function splitAtColon(text: string): [string, string] {
  const at = text.indexOf(':');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
