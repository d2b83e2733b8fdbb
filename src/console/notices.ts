import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { type Request } from 'express';

/** What a page says after a form was done; the address carries only the key. */
const NOTICES = {
  created: 'The campaign is saved as a draft. Next, make its plan.',
  edited: 'The changes are saved. Make the plan again before you submit it.',
  cloned: 'The copy is saved as a draft. Check its dates, then make its plan.',
  remainder:
    'The campaign for whoever the first one did not reach is saved as a draft. Put right what kept them from it, then make its plan.',
  planned: 'The plan is made. Check who gets what, then submit it for approval.',
  submitted: 'Submitted. Somebody else has to approve it before it can be sent.',
  approved: 'Approved. It can be scheduled now.',
  'sent-back': 'Sent back to its author with your comments.',
  scheduled: 'Scheduled. It leaves at the time shown below.',
  released: 'Released.',
  paused: 'Paused. Nothing more leaves until somebody resumes it.',
  resumed: 'Resumed. Nobody gets a message twice.',
  cancelled: 'Cancelled. What had left has left; nothing more will.',
  tested: 'The test email is on its way.',
  'window-created': 'The window is saved.',
  'window-moved':
    'The new dates are saved. Campaigns that were approved for the old ones are drafts again: plan and submit them anew.',
  'correction-drafted':
    'The new dates are saved. This is the correction to everybody who was told the old ones: make its plan, then submit it.',
  'reminders-set': 'The reminders are saved. See below when they leave.',
  'drill-started':
    'The rehearsal is planned. Its emails leave at the time that you agreed to; the score appears below.',
  nudged: 'Nudged. Whoever answers before the emails leave gets none.',
  answered: 'Their answer is written down.',
  imported: 'Imported.',
  'nothing-imported': 'The file held nothing new. That it was imported is in the history.',
  stopped: 'Stopped. It is in the audit trail.',
  'goes-on': 'Mail goes on. Nobody gets a message twice.',
  decided: 'Decided. It is in the audit trail.',
  'released-again': 'They leave again within a minute, in the limits of the campaign: one that is paused keeps them.',
  lifted: 'The block is lifted. The address can be written to again.',
  'key-revoked': 'The key is revoked. It opens nothing any more.',
  'roles-changed': 'The changes are saved. They count from the next page that the person opens.',
  'webhook-tested': 'A test event is on its way. Its delivery is in the list below: look again in a few seconds.',
  'webhook-enabled': 'The webhook is on again. What it missed can be delivered once more from the list below.',
  'webhook-disabled': 'The webhook is off. It is told nothing until somebody switches it on.',
  'webhook-removed': 'The webhook is removed, and its log with it.',
  'webhook-retried': 'It will be delivered once more within seconds.',
  undone: 'The import is undone. Everything that it changed is as it was before.',
} as const;
export type Notice = keyof typeof NOTICES;

const isNotice = (key: unknown): key is Notice => typeof key === 'string' && Object.hasOwn(NOTICES, key);

/** Handler parameter: what the page says after a form was done, if one was. */
export const Done = createParamDecorator((_: unknown, context: ExecutionContext): string | undefined => {
  const { done } = context.switchToHttp().getRequest<Request>().query;
  return isNotice(done) ? NOTICES[done] : undefined;
});
