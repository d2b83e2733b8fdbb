import { type CascadeScript } from '../cascades/index.js';

export const CASCADE_SCRIPT_NAMES = ['most-pass-on', 'many-silent', 'many-only-acknowledge'] as const;
export type CascadeScriptName = (typeof CASCADE_SCRIPT_NAMES)[number];

/** How organisations behave, in shares of 1. */
export const CASCADE_SCRIPTS: Readonly<Record<CascadeScriptName, CascadeScript>> = {
  'most-pass-on': { passOn: 0.6, passOnWhenReminded: 0.2, acknowledgeOnly: 0.1, decline: 0.02, confirm: 0.7 },
  'many-silent': { passOn: 0.2, passOnWhenReminded: 0.3, acknowledgeOnly: 0.1, decline: 0.02, confirm: 0.5 },
  'many-only-acknowledge': { passOn: 0.3, passOnWhenReminded: 0.1, acknowledgeOnly: 0.5, decline: 0.02, confirm: 0.6 },
};
