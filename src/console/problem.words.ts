import { type Problem } from '../platform/http/index.js';

/** What a page says of a problem, and where to go from there. */
interface ProblemValues {
  readonly title: string;
  readonly problem: Problem;
  readonly says: readonly string[];
  readonly action: { readonly text: string; readonly href: string };
}

const HOME = { text: 'Go to the home page', href: '/' };
const SIGN_IN = { text: 'Sign in again', href: '/sign-in' };

/** Words for people where those for programs would puzzle them, by the code of the problem. */
const KNOWN: Readonly<Record<string, Partial<Omit<ProblemValues, 'problem'>>>> = {
  'not-signed-in': {
    title: 'You are not signed in any more',
    says: ['What you pressed was not done, and nothing was changed. Sign in, open the page again and repeat it.'],
    action: SIGN_IN,
  },
  'not-found': {
    title: 'Page not found',
    says: ['If you typed the address, check it. If you followed a link here, the thing may be gone.'],
  },
  'permission-missing': {
    title: 'You may not see this page',
    says: ['Your roles do not allow it. An administrator can change them, under Settings, People and roles.'],
  },
  'cross-site-request': {
    title: 'The form was not sent',
    says: [
      'It did not come from a page of this service, or you signed in again since. Open the page again and repeat.',
    ],
  },
  'stopped-again': { title: 'All mail was stopped again', action: { text: 'Go to Delivery', href: '/delivery' } },
  'too-many-requests': { title: 'Too many requests', says: ['Wait a minute, then try again.'] },
  'sign-in-link-used': {
    title: 'This link does not sign in any more',
    says: ['It was used before, or is more than an hour old. Start the service again for a new one.'],
    action: { text: 'About signing in', href: '/sign-in' },
  },
  'sign-in-expired': { title: 'Signing in took too long', action: SIGN_IN },
  'sign-in-refused': { title: 'You could not be signed in', action: SIGN_IN },
  'sign-in-failed': { title: 'You could not be signed in', action: SIGN_IN },
  'sign-in-provider-unreachable': {
    title: 'Signing in does not work at the moment',
    says: ['The sign-in provider does not answer. Try again in a few minutes.'],
    action: SIGN_IN,
  },
  'access-closed': { title: 'Your access is closed', action: { text: 'About signing in', href: '/sign-in' } },
  'internal-fault': {
    title: 'Something went wrong',
    says: ['It is a fault of the service and was written down. Try again; if it happens again, tell the CQRS team.'],
  },
  unavailable: { title: 'The service cannot do this at the moment', says: ['Try again in a few minutes.'] },
};

export function problemValues(problem: Problem): ProblemValues {
  const { title = problem.title, says, action = HOME } = KNOWN[problem.type.replace('/problems/', '')] ?? {};
  return { title, problem, says: says ?? (problem.detail === undefined ? [] : [problem.detail]), action };
}
