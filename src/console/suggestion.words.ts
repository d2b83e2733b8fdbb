import { type Suggestion } from '../segments/index.js';

/** A proposal to a person, never something that the service does by itself. */
export function suggestionWords(suggestion: Suggestion | undefined): string {
  if (!suggestion) return '';
  const doubt = suggestion.certainty === 'probable' ? ' (likely, to be checked)' : '';
  switch (suggestion.kind) {
    case 'new-account-with':
      return `Ask for a new account under ${suggestion.address}${doubt}`;
    case 'use-account':
      return `Use account ${suggestion.accountId}, which has the right address${doubt}`;
    case 'did-you-mean':
      return `Ask whether ${suggestion.address} was meant${doubt}`;
  }
}
