import type { Reason } from './report.types.js';

/**
 * What an enhanced status code means when no phrase says more. Subject and detail only: the class (4 or 5) says whether
 * it lasts. Sources: RFC 3463 section 3, RFC 3886, RFC 4954, RFC 7372 (authentication), RFC 7504, RFC 7505 (null MX),
 * RFC 7293 (RRVS), and Microsoft's list of Exchange Online codes for the three-digit details.
 */
const byDetail: Readonly<Record<string, Reason>> = {
  '1.0': 'userunknown',
  '1.1': 'userunknown',
  '1.2': 'hostunknown',
  '1.3': 'userunknown',
  '1.4': 'filtered',
  '1.6': 'hasmoved',
  '1.7': 'rejected',
  '1.8': 'rejected',
  '1.9': 'systemerror',
  '1.10': 'userunknown',
  '1.20': 'rejected',
  '1.90': 'exceedlimit',
  '1.351': 'userunknown',
  '2.0': 'filtered',
  '2.1': 'suspend',
  '2.2': 'mailboxfull',
  '2.3': 'exceedlimit',
  '2.4': 'filtered',
  '2.121': 'speeding',
  '2.122': 'speeding',
  '3.0': 'systemerror',
  '3.1': 'systemfull',
  '3.2': 'systemerror',
  '3.3': 'systemerror',
  '3.4': 'mesgtoobig',
  '3.5': 'systemerror',
  '4.0': 'networkerror',
  '4.1': 'expired',
  '4.2': 'expired',
  '4.3': 'systemerror',
  '4.4': 'hostunknown',
  '4.5': 'networkerror',
  '4.6': 'networkerror',
  '4.7': 'expired',
  '4.8': 'networkerror',
  '4.14': 'networkerror',
  '4.300': 'expired',
  '4.310': 'hostunknown',
  '4.312': 'networkerror',
  '4.316': 'expired',
  '5.0': 'syntaxerror',
  '5.1': 'syntaxerror',
  '5.2': 'syntaxerror',
  '5.3': 'policyviolation',
  '5.4': 'syntaxerror',
  '5.5': 'syntaxerror',
  '7.5': 'securityerror',
  '7.9': 'policyviolation',
  '7.13': 'suspend',
  '7.17': 'hasmoved',
  '7.18': 'hasmoved',
  '7.20': 'authfailure',
  '7.21': 'authfailure',
  '7.22': 'authfailure',
  '7.23': 'authfailure',
  '7.24': 'authfailure',
  '7.25': 'requireptr',
  '7.26': 'authfailure',
  '7.27': 'rejected',
  '7.28': 'speeding',
  '7.29': 'authfailure',
  '7.64': 'norelaying',
  '7.124': 'rejected',
  '7.133': 'rejected',
  '7.134': 'rejected',
  '7.136': 'rejected',
  '7.650': 'badreputation',
};

/** By subject alone, for details that nobody registered. */
const bySubject: Readonly<Record<string, Reason>> = {
  '3': 'systemerror',
  '4': 'networkerror',
  '5': 'syntaxerror',
  '6': 'contenterror',
  '7': 'securityerror',
};

/** Details which say, besides the text, that the mailbox or its domain does not exist (RFC 3463 section 3.2). */
const addressGone = new Set(['1.0', '1.1', '1.2', '1.3', '1.6', '1.10', '1.351', '4.310']);

const detailOf = (status: string): string => status.slice(2);

/** The reason that a code names by itself, or undefined for codes without a meaning such as 5.0.0. */
export function reasonOfStatus(status: string): Reason | undefined {
  if (/^[45]\.7\.(?:5|60)\d\d?$/.test(status) && status.length > 5) return 'blocked';
  return byDetail[detailOf(status)] ?? bySubject[status.charAt(2)];
}

/** Whether a code points at the address itself. Only as a second witness: a code alone has often been a lie. */
export const pointsAtAddress = (status: string): boolean => addressGone.has(detailOf(status));
