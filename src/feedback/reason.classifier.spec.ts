import { judge } from './reason.classifier.js';
import type { Reason, RecipientKind } from './report.types.js';

type Row = readonly [
  family: string,
  status: string,
  diagnostic: string,
  kind: RecipientKind,
  reason: Reason,
  context?: string,
];

const RCPT = '(in reply to RCPT TO command)';

/** Answers to RCPT that speak of an address as if it were gone, and blame something else: the address is there. */
const blamesAnother: readonly (readonly [status: string, answer: string, reason: Reason])[] = [
  // the words of RFC 5321 for every 550, with the cause behind them (GMX, and whoever gives the RFC's own examples)
  [
    '5.0.0',
    '550 Requested action not taken: mailbox unavailable 550-Reject due to policy restrictions.',
    'policyviolation',
  ],
  ['5.0.0', '550 Requested action not taken: mailbox unavailable 550 Authentication required', 'securityerror'],
  [
    '5.0.0',
    '550 Requested action not taken: mailbox unavailable (e.g., mailbox not found, no access, or command rejected for policy reasons)',
    'policyviolation',
  ],
  ['5.0.0', '550 Requested action not taken: mailbox unavailable, try again later', 'onhold'],
  // what the code says is something else than the address
  ['5.6.0', '554 5.6.0 Message contains an invalid header: no such address in To', 'contenterror'],
  ['5.7.1', '554 5.7.1 Message refused: a domain in its text is an unknown domain', 'securityerror'],
  ['5.5.2', '550 5.5.2 HELO: host unknown', 'syntaxerror'],
  ['5.7.1', "550 5.7.1 Unable to find recipient's certificate; the message must be encrypted", 'securityerror'],
  ['5.1.1', '550 5.1.1 The address you are sending from does not exist', 'rejected'],
  // refused by a policy, and in no doubt
  ['5.7.1', '550 5.7.1 Recipient rejected by IP/domain policy', 'filtered'],
  ['5.7.1', '550 5.7.1 <someone@example.org> Recipient refused: delivery not authorised', 'filtered'],
  // who sends, and from where
  ['5.7.1', '550 5.7.1 This server does not accept mail from dynamic IP addresses', 'blocked'],
  ['5.7.1', '550 5.7.1 Our system does not accept email with attachments', 'blocked'],
  ['5.0.0', '550 This host does not accept mail from you', 'blocked'],
  ['5.0.0', 'SMTP Protocol Returned a Permanent Error 554 5.7.1 Message rejected as spam', 'spamdetected'],
  ['5.0.0', 'SMTP Protocol Returned a Permanent Error 554 Transaction failed', 'systemerror'],
  ['5.0.0', 'SMTP Protocol Returned a Permanent Error 550 5.2.2 user is above the maximum', 'mailboxfull'],
  ['5.0.0', 'Error transferring to MX; SMTP Protocol Returned a Permanent Error 554 denied', 'undefined'],
  ['5.0.0', "5.3.0 - Other mail system problem 554-'denied' (delivery attempts: 0)", 'systemerror'],
  ['5.0.0', "5.3.0 - Other mail system problem 554-'5.7.1 denied' (delivery attempts: 0)", 'securityerror'],
  ['5.7.1', '554 5.7.1 Message rejected because of unacceptable content', 'spamdetected'],
  ['', '554 denied\nGiving up on 192.0.2.4.', 'undefined'],
  ['', '192.0.2.4 does not like recipient.\nRemote host said: 550 denied', 'undefined'],
  ['5.0.0', 'SMTP Protocol Returned a Permanent Error 552-5.0.0 denied', 'undefined'],
  ['5.0.0', '550 unable to resolve the domain of the envelope from', 'rejected'],
  ['5.0.0', '553 invalid domain name in MAIL FROM', 'rejected'],
  ['5.0.0', '550 invalid domain in HELO', 'blocked'],
  ['5.0.0', '550 Unrouteable address (sender)', 'rejected'],
  ['5.7.510', '550 5.7.510 Access denied, example.org does not accept email over IPv6', 'blocked'],
  ['5.7.510', '550 5.7.510 Access denied, example.org does not accept email', 'blocked'],
  ['5.0.0', '550 This domain does not accept mail via IPv6', 'blocked'],
  ['5.0.0', '550 example.org does not accept mail at this time', 'blocked'],
  ['5.0.0', '550 We do not accept mail unless it is encrypted', 'blocked'],
  ['5.7.1', '550 5.7.1 This trust does not accept email sent by bulk senders', 'blocked'],
  ['5.7.1', '554 5.7.1 <someone@example.org>: Recipient address rejected: ERS-RBL.', 'blocked'],
  ['5.0.0', '554 The user does not accept email in non-Latin characters', 'blocked'],
  ['5.0.0', '550 Too many invalid recipients', 'speeding'],
  ['5.2.1', '550 5.2.1 Mailbox unavailable. Your IP address 192.0.2.7 is blacklisted', 'blocked'],
  ['5.5.2', '504 5.5.2 <mail>: Helo command rejected: invalid domain', 'blocked'],
  ['5.7.1', '550 5.7.1 Client host rejected: host unknown', 'blocked'],
  ['5.7.25', '550 5.7.25 reverse lookup of 192.0.2.7 gave NXDOMAIN', 'requireptr'],
  ['5.7.1', '550 5.7.1 unable to resolve the domain of your mail server', 'blocked'],
  ['5.0.0', '550 Your domain does not exist in DNS', 'rejected'],
  ['5.1.8', '550 5.1.8 mail from domain does not exist', 'rejected'],
  ['5.1.7', '550 5.1.7 Invalid reverse-path: no such domain', 'rejected'],
  ['5.7.27', '550 5.7.27 Sender address has null MX', 'rejected'],
  ['5.7.27', '550 5.7.27 <me@example.com>: null MX', 'rejected'],
  ['5.0.0', '550 Sender address has null MX', 'rejected'],
  ['5.1.1', '550 5.1.1 Too many invalid recipients', 'speeding'],
  ['5.0.0', '550 Connection refused: you wrote to too many non-existent users', 'speeding'],
  ['5.0.0', '550 Sender <me@example.com> does not exist', 'rejected'],
  ['5.1.0', '550 5.1.0 Sender me@example.com unknown', 'rejected'],
  ['5.1.1', '550 5.1.1 Sender mailbox <me@example.com> does not exist', 'rejected'],
  ['5.0.0', "550 Sender's mail box not found", 'rejected'],
  ['5.0.0', '550 Sender user unknown', 'rejected'],
  ['5.0.0', '550 The return address me@example.com does not exist', 'rejected'],
  ['5.7.1', '550 5.7.1 me@example.com is not a valid sender', 'rejected'],
  ['5.0.0', '550 Invalid HELO: no such domain', 'blocked'],
  ['5.7.1', '550 5.7.1 HELO name mx.example.com NXDOMAIN', 'blocked'],
  ['5.7.26', '550 5.7.26 DKIM: no such domain', 'authfailure'],
  ['5.1.1', '550 5.1.1 Recipient verify failed temporarily', 'onhold'],
  ['5.0.0', '550 192.0.2.7 is not one of our relays', 'undefined'],
  ['5.7.1', '550 5.7.1 nonexistent reverse DNS for 192.0.2.7', 'requireptr'],
  ['5.7.1', '550 5.7.1 <someone@example.org>: Recipient rejected: sender is blacklisted', 'blocked'],
  ['5.7.1', '550 5.7.1 Mailbox unavailable: message rejected as spam', 'spamdetected'],
  // the message, its encryption, the way
  ['5.7.5', '550 5.7.5 certificate not found', 'securityerror'],
  ['5.7.1', '550 5.7.1 TLS certificate is invalid', 'securityerror'],
  ['5.7.0', '550 5.7.0 Credentials not found', 'securityerror'],
  ['5.7.1', '550 5.7.1 The message content is invalid', 'contenterror'],
  ['5.7.1', '550 5.7.1 From header is invalid', 'contenterror'],
  ['5.6.0', '550 5.6.0 Date not found', 'contenterror'],
  ['5.0.0', '550 nonexistent PTR', 'requireptr'],
  ['5.7.1', '550 5.7.1 Recipient refused: sender not in allow list', 'blocked'],
  ['5.3.5', '550 5.3.5 mail route does not exist', 'systemerror'],
  // an account that sleeps or is full, and who may write to it
  ['5.0.0', '550 <someone@example.org>: User status is locked.', 'suspend'],
  ['5.0.0', '550 Recipient mailbox was disabled', 'suspend'],
  ['5.0.0', "550 Questo indirizzo e' bloccato per inutilizzo", 'suspend'],
  ['5.0.0', '550 <someone@example.org>... User account not activated', 'suspend'],
  ['5.0.0', '550 mail is not currently being accepted for this mailbox', 'suspend'],
  ['5.0.0', '550 Benutzer hat zuviele Mails auf dem Server', 'mailboxfull'],
  ['5.0.0', '554 sender is rejected: 0,mx20', 'rejected'],
  ['5.0.0', '550 Verify mailfrom failed,blocked', 'rejected'],
  ['5.0.0', '554 Connection refused(mx). MAIL FROM [me@example.com] mismatches client IP [192.0.2.7].', 'blocked'],
  ['5.0.0', '500 Unauthorized relay msg rejected', 'norelaying'],
  ['5.0.0', '550 relaying to <someone@example.org> prohibited by administrator', 'norelaying'],
  ['5.0.0', '553 User refused to receive this mail.', 'filtered'],
  ['5.0.0', '553 mailbox someone@example.org is restricted', 'filtered'],
  ['5.0.0', '553 AUTH FAILED - someone@example.org', 'securityerror'],
  // trouble that passes, whatever the code says
  ['5.1.1', '550 5.1.1 User temporarily unavailable', 'systemerror'],
  ['5.1.1', '550 5.1.1 Recipient address rejected: rate limit exceeded', 'speeding'],
  ['5.1.1', '550 5.1.1 LDAP lookup failed', 'systemerror'],
  ['5.1.1', '550 5.1.1 Internal error: database not found', 'systemerror'],
  ['5.1.6', '550 5.1.6 mailbox migrated; try again later', 'onhold'],
  ['5.1.2', '550 5.1.2 Domain temporarily unresolvable', 'onhold'],
  ['5.4.4', '550 5.4.4 Host not found: server failure, try again', 'networkerror'],
  ['5.4.4', 'lookup of host mx.example.org failed: server misbehaving', 'networkerror'],
  ['4.1.1', '550 4.1.1 user unknown', 'userunknown'],
  ['5.1.1', '553 VS10-RT Possible forgery or deactivated due to abuse (#5.1.1)', 'rejected'],
];

/** More of the ways in which mail systems say at RCPT that nobody is there. */
const nobodyThere = [
  'User (someone@example.org) unknown.',
  'User not a member of domain: <someone@example.org>',
  "I'm sorry but someone@example.org does not have an account here.",
  'Command RCPT User <someone@example.org> not OK',
  'destin. Sconosciuto',
  'Destinatario errato',
  'Indirizzo inesistente',
  'Nie ma takiego konta',
  'No one with that email address here',
  'no such email address',
  'No such mail drop defined',
  'not a known user',
  "server doesn't handle mail for that user",
  'unknown or illegal user',
  'user invalid',
  'Unable to find alias user',
];

/** Postfix tells what its probe of an address met (address verification): only that counts. */
const probed: readonly (readonly [said: string, kind: RecipientKind, reason: Reason])[] = [
  [
    'undeliverable address: host mx.example.net[192.0.2.1] said: 554 5.7.1 Service unavailable; client [192.0.2.7] blocked using zen.spamhaus.org (in reply to RCPT TO command)',
    'soft',
    'blocked',
  ],
  ['unverified address: connect to mx.example.net[192.0.2.1]:25: Connection timed out', 'soft', 'expired'],
  ['unverified address: host mx.example.net said: 450 4.7.1 Greylisted', 'soft', 'expired'],
  ['unverified address: Address verification in progress', 'soft', 'undefined'],
  [
    'undeliverable address: host mx.example.net[192.0.2.1] said: 550 5.1.1 User unknown (in reply to RCPT TO command)',
    'hard',
    'userunknown',
  ],
  ['undeliverable address: unknown user: "someone"', 'hard', 'userunknown'],
  ['undeliverable address: No such user here', 'hard', 'userunknown'],
];

/** Answers of real mail systems, addresses invented. The status column is what the report's Status field said. */
const answers: readonly Row[] = [
  // Words of other systems for what the table knew
  ['gmail', '5.4.5', '550 5.4.5 Daily user sending quota exceeded.', 'soft', 'speeding'],
  ['gmail', '5.7.1', '550 5.7.1 Email quota exceeded. https://support.example/?p=DailyLimit', 'soft', 'speeding'],
  ['ses', '4.0.0', '454 Throttling failure: Daily message quota exceeded.', 'soft', 'speeding'],
  [
    'exchange',
    '5.7.708',
    '550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP. AS(7230)',
    'soft',
    'blocked',
  ],
  [
    'exchange',
    '4.4.2',
    '450 4.7.0 Proxy session setup failed on Frontend with \'451 4.4.0 Primary target IP address responded with: "421 4.4.2 Connection dropped due to ConnectionReset."\'',
    'soft',
    'networkerror',
  ],
  [
    'exchange',
    '5.4.317',
    '550 5.4.317 Message expired, cannot connect to remote server(451 4.4.397 Error communicating with target host. -> 421 4.4.2 Connection dropped due to SocketError)',
    'soft',
    'expired',
  ],
  [
    'exchange',
    '5.2.0',
    '554 5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied; Failed to process message',
    'soft',
    'rejected',
  ],
  [
    'mimecast',
    '5.0.0',
    '550 Rejected by header based manually Blocked Senders: me@example.com - https://community.mimecast.com/docs/DOC-1369#550',
    'soft',
    'blocked',
  ],
  [
    'mimecast',
    '5.0.0',
    '550 DKIM Sender Invalid - envelope rejected - https://community.mimecast.com/docs/DOC-1369#550',
    'soft',
    'authfailure',
  ],
  [
    'forcepoint',
    '5.7.1',
    '554 5.7.1 Message Rejected Class=size limit=15728640 Subclass=reject size=18571048',
    'soft',
    'mesgtoobig',
  ],
  ['mailsweeper', '5.0.0', '553 Exceeded maximum inbound message size', 'soft', 'mesgtoobig'],
  ['yahoo', '5.0.0', '552 1 Requested mail action aborted, mailbox not found', 'hard', 'userunknown'],
  ['gateway', '5.0.0', '550 192.0.2.4 is not allowed to send mail from example.com', 'soft', 'authfailure'],
  [
    'postfix',
    '5.2.3',
    "maildir delivery failed: Sorry, the user's maildir has overdrawn his diskspace quota, please try again later.",
    'soft',
    'mailboxfull',
  ],
  ['gateway', '5.0.0', '552 Account <someone@example.org> does not have enough space', 'soft', 'mailboxfull'],
  ['gateway', '5.7.0', '552 5.7.0 Mail box size limit reached', 'soft', 'mailboxfull'],
  ['gateway', '5.0.0', '552 Mailbox has insufficient free space', 'soft', 'mailboxfull'],
  ['gateway', '', 'Delivery to this address has failed due to a full mailbox', 'soft', 'mailboxfull'],
  ['sendmail', '5.0.0', '554 Too many hops 26 (25 max): from me@example.com', 'soft', 'networkerror'],
  [
    'gateway',
    '5.0.0',
    '550 ** No mail box available for this user **',
    'hard',
    'userunknown',
    '(in reply to RCPT TO command)',
  ],
  [
    'gateway',
    '5.0.0',
    '550 BAD_RECIPIENT - see https://www.example.org/undelivered',
    'hard',
    'userunknown',
    '(in reply to RCPT TO command)',
  ],
  [
    'gateway',
    '5.0.0',
    '550 someone@example.org is not an active address at this host',
    'hard',
    'userunknown',
    '(in reply to RCPT TO command)',
  ],
  [
    'gateway',
    '5.0.0',
    '554 Rcpt <someone@example.org> does not exist',
    'soft',
    'filtered',
    '(in reply to end of DATA command)',
  ],
  [
    'sendmail',
    '5.3.0',
    '553 5.3.0 <someone@example.org>... Addressee unknown, relay=[192.0.2.1]',
    'hard',
    'userunknown',
    RCPT,
  ],
  ['gateway', '5.0.0', '550 someone@example.org is not valid', 'hard', 'userunknown', RCPT],
  ['gateway', '5.0.0', '550 Address not found in LDAP directory', 'hard', 'userunknown', RCPT],
  [
    'postfix',
    '5.0.0',
    'host antispam.example.org[192.0.2.1] said: 550 User unknown (in reply to RCPT TO command)',
    'hard',
    'userunknown',
  ],
  ['mxlogic', '', '550 unknown user <someone@example.org>', 'hard', 'userunknown'],
  ['opensmtpd', '5.0.0', '550 Invalid recipient: <someone@example.org>', 'hard', 'userunknown'],
  ['gateway', '5.0.0', '550 Recipient not found: someone@example.org', 'hard', 'userunknown'],
  [
    'gateway',
    '5.0.0',
    '554 Invalid recipient <someone@example.org>',
    'soft',
    'filtered',
    '(in reply to end of DATA command)',
  ],
  [
    'gmx',
    '5.5.0',
    '550 5.5.0 Requested action not taken: mailbox unavailable [mx.policy.example]',
    'hard',
    'userunknown',
  ],
  [
    'exchange',
    '5.0.350',
    '550 5.0.350 Remote server returned message detected as spam -> 554 5.7.1 refused',
    'soft',
    'spamdetected',
  ],
  ['gateway', '5.7.1', '550 5.7.1 Recipient rejected: no such user', 'hard', 'userunknown', RCPT],
  ['gateway', '5.7.0', '550 5.7.0 Recipient rejected (#5.1.1)', 'hard', 'userunknown', RCPT],
  ['comcast', '5.2.1', '550 5.2.1 Account not available', 'soft', 'suspend', RCPT],
  ['mimecast', '5.0.0', '554 Maximum email size exceeded', 'soft', 'mesgtoobig'],
  ['webde', '5.0.0', '550 Benutzer hat das Speichervolumen ueberschritten.', 'soft', 'mailboxfull', RCPT],
  ['french', '5.0.0', '552 Boîte aux lettres du destinataire saturée', 'soft', 'mailboxfull', RCPT],
  ['german', '5.0.0', '550 Das Postfach ist vorübergehend deaktiviert', 'soft', 'suspend', RCPT],
  [
    'communigate',
    '5.0.0',
    '550 someone@example.org mail delivery is disabled for this account',
    'soft',
    'suspend',
    RCPT,
  ],
  [
    'exim',
    '',
    '550 unknown user <someone@example.org>',
    'soft',
    'filtered',
    'SMTP error from remote mail server after end of data',
  ],
  // Met later: what names the sender, the list or the gateway before anybody's common words
  [
    'mimecast',
    '5.7.1',
    '550 5.7.1 DMARC Sender Invalid - envelope rejected - https://community.mimecast.com/docs/DOC-1369#550',
    'soft',
    'authfailure',
  ],
  [
    'outlook',
    '5.7.515',
    "550 5.7.515 Access denied, sending domain EXAMPLE.COM doesn't meet the required authentication level. The sender's domain in the 5322.From address doesn't meet the requirements.",
    'soft',
    'authfailure',
  ],
  [
    'gateway',
    '5.7.23',
    '550 5.7.23 The message was rejected because of Sender Policy Framework violation -> 550 SPF: 192.0.2.4 is not allowed to send mail',
    'soft',
    'authfailure',
  ],
  [
    'gateway',
    '5.7.1',
    '550 5.7.1 This email from IP 192.0.2.4 has been rejected. The email message was detected as spam.',
    'soft',
    'spamdetected',
  ],
  [
    'gateway',
    '5.7.0',
    '550 5.7.0 Local Policy Violation - Invalid recipient gone@example.org (#5.1.1)',
    'hard',
    'userunknown',
  ],
  ['gateway', '', '550 <gone@example.org> No such user here', 'hard', 'userunknown'],
  ['gateway', '', '550 gone@example.org... No such user', 'hard', 'userunknown'],
  ['gateway', '5.2.1', '550 5.2.1 <gone@example.org>... User Unknown', 'soft', 'filtered'],
  ['gateway', '', '550 <me@example.com>: Sender address rejected: User unknown', 'soft', 'rejected'],
  ['domino', '', '554 Relay rejected for policy reasons.', 'soft', 'norelaying'],
  ['exchange', '5.4.316', '550 5.4.316 Message expired, connection refused', 'soft', 'expired'],
  ['powermta', '5.0.0', '550 rejected', 'soft', 'mailboxfull', 'quota-issues'],
  ['powermta', '5.0.0', '550 rejected', 'soft', 'suspend', 'inactive-mailbox'],
  ['zoho', '5.7.1', '553 Relaying disallowed as gone@example.org', 'soft', 'norelaying'],
  ['postfix', '4.7.0', '421 4.7.0 mx.example.org Error: too many connections from 192.0.2.4', 'soft', 'toomanyconn'],
  [
    'list',
    '5.7.1',
    '550 5.7.1 <staff@example.org>: Recipient address rejected: Mailing list is for members only',
    'soft',
    'rejected',
  ],
  ['ezmlm', '5.7.2', 'Sorry, only subscribers may post (#5.7.2)', 'soft', 'rejected'],
  ['any', '5.2.1', '550 5.2.1 This account has expired and is no longer in use', 'soft', 'suspend'],
  [
    'mail.ru',
    '5.0.0',
    '550 Message was not accepted -- invalid mailbox. Local mailbox gone@mail.example is unavailable: user not found',
    'hard',
    'userunknown',
  ],
  [
    'yahoo',
    '5.0.0',
    '554 delivery error: dd Not a valid recipient - atlas-production.omega.yahoo.com',
    'hard',
    'userunknown',
  ],
  // Gmail
  [
    'gmail',
    '5.1.1',
    "550-5.1.1 The email account that you tried to reach does not exist. Please try 550-5.1.1 double-checking the recipient's email address for typos or 550 5.1.1 unnecessary spaces. https://support.google.com/mail/?p=NoSuchUser a1 - gsmtp",
    'hard',
    'userunknown',
  ],
  [
    'gmail',
    '5.2.1',
    '550 5.2.1 The email account that you tried to reach is disabled. Learn more at https://support.google.com/mail/?p=DisabledUser a1 - gsmtp',
    'soft',
    'suspend',
  ],
  [
    'gmail',
    '5.2.1',
    '550 5.2.1 The email account that you tried to reach is inactive. https://support.google.com/mail/?p=InactiveUser - gsmtp',
    'soft',
    'suspend',
  ],
  [
    'gmail',
    '5.2.2',
    '552-5.2.2 The email account that you tried to reach is over quota. Please direct 552-5.2.2 the recipient to https://support.google.com/mail/?p=OverQuotaPerm',
    'soft',
    'mailboxfull',
  ],
  [
    'gmail',
    '4.2.2',
    "452 4.2.2 The recipient's inbox is out of storage space. Please direct the recipient to https://support.google.com/mail/?p=OverQuotaTemp",
    'soft',
    'mailboxfull',
  ],
  [
    'gmail',
    '4.2.1',
    '450 4.2.1 The user you are trying to contact is receiving mail too quickly. Please resend your message at a later time.',
    'soft',
    'speeding',
  ],
  [
    'gmail',
    '5.7.1',
    '550-5.7.1 [192.0.2.4] Our system has detected that this message is likely unsolicited mail. 550 5.7.1 https://support.google.com/mail/?p=UnsolicitedMessageError',
    'soft',
    'spamdetected',
  ],
  [
    'gmail',
    '5.7.26',
    "550-5.7.26 Unauthenticated email from example.com is not accepted due to domain's DMARC policy.",
    'soft',
    'authfailure',
  ],
  [
    'gmail',
    '5.7.0',
    '552 5.7.0 This message was blocked because its content presents a potential security issue.',
    'soft',
    'blocked',
  ],
  [
    'gmail',
    '5.7.1',
    '550 5.7.1 This message violates example.com email policy. - gcdp - gsmtp',
    'soft',
    'policyviolation',
  ],
  [
    'gmail',
    '4.7.28',
    '421 4.7.28 Gmail has detected an unusual rate of unsolicited mail originating from your IP address.',
    'soft',
    'blocked',
  ],
  [
    'gmail',
    '5.1.2',
    "DNS Error: DNS type 'mx' lookup of nowhere.example responded with code NXDOMAIN Domain name not found: nowhere.example",
    'hard',
    'hostunknown',
  ],
  [
    'gmail',
    '4.0.0',
    "DNS Error: DNS type 'mx' lookup of example.org responded with code SERVFAIL",
    'soft',
    'networkerror',
  ],
  // Exchange, Office 365, Outlook.com
  ['exchange', '5.1.1', '550 5.1.1 RESOLVER.ADR.ExRecipNotFound; not found', 'hard', 'userunknown'],
  [
    'exchange',
    '5.1.10',
    '550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup',
    'hard',
    'userunknown',
  ],
  [
    'exchange',
    '5.2.2',
    '554 5.2.2 mailbox full;STOREDRV.Deliver.Exception:QuotaExceededException.MapiExceptionShutoffQuotaExceeded; Failed to process message due to a permanent exception',
    'soft',
    'mailboxfull',
  ],
  ['exchange', '5.7.1', '550 5.7.1 RESOLVER.RST.AuthRequired; authentication required', 'soft', 'rejected'],
  [
    'exchange',
    '5.7.133',
    '550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required; Delivery restriction check failed because the sender was not authenticated when sending to this group',
    'soft',
    'rejected',
  ],
  [
    'exchange',
    '5.7.1',
    '550 5.7.1 TRANSPORT.RULES.RejectMessage; the message was rejected by organization policy',
    'soft',
    'policyviolation',
  ],
  ['exchange', '5.4.6', '554 5.4.6 Hop count exceeded - possible mail loop', 'soft', 'networkerror'],
  ['exchange', '5.4.14', '554 5.4.14 Hop count exceeded - possible mail loop ATTR1', 'soft', 'networkerror'],
  [
    'exchange',
    '5.4.1',
    '550 5.4.1 [someone@example.org]: Recipient address rejected: Access denied. AS(201806281)',
    'hard',
    'userunknown',
    'Delivery failed: host example-org.mail.protection.outlook.com said (in reply to RCPT TO command)',
  ],
  [
    'exchange',
    '5.4.1',
    '550 5.4.1 Recipient address rejected: Access denied. [XXXGBR01FT011.eop-gbr01.prod.protection.outlook.com]',
    'hard',
    'userunknown',
  ],
  ['exchange', '5.7.1', '550 5.7.1 Recipient address rejected: Access denied', 'soft', 'filtered'],
  [
    'exchange',
    '5.4.310',
    '550 5.4.310 DNS domain nowhere.example does not exist [Message=InfoDomainNonexistent]',
    'hard',
    'hostunknown',
  ],
  [
    'exchange',
    '5.4.300',
    '550 5.4.300 Message expired -> 451 4.7.500 Server busy. Please try again later',
    'soft',
    'expired',
  ],
  [
    'outlook.com',
    '5.5.0',
    '550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302). [VE1EUR03FT001]',
    'hard',
    'userunknown',
    '(in reply to RCPT TO command)',
  ],
  [
    'outlook.com',
    '5.7.1',
    "550 5.7.1 Unfortunately, messages from [192.0.2.7] weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3150).",
    'soft',
    'blocked',
  ],
  [
    'outlook.com',
    '4.7.650',
    '451 4.7.650 The mail server [192.0.2.7] has been temporarily rate limited due to IP reputation.',
    'soft',
    'badreputation',
  ],
  [
    'exchange online',
    '5.7.64',
    "550 5.7.64 TenantAttribution; Relay Access Denied [ValidationStatus of '' is EmptyCertificate]",
    'soft',
    'norelaying',
  ],
  [
    'exchange online',
    '5.1.90',
    "550 5.1.90 Your message can't be sent because you've reached your daily limit for message recipients",
    'soft',
    'exceedlimit',
  ],
  // Yahoo, AOL, Apple
  [
    'yahoo',
    '5.0.0',
    "554 delivery error: dd This user doesn't have a yahoo.com account (someone@yahoo.example) [0] - mta1234.mail.ne1.yahoo.com",
    'hard',
    'userunknown',
  ],
  [
    'yahoo',
    '5.0.0',
    '554 delivery error: dd Requested mail action aborted: exceeded storage allocation',
    'soft',
    'mailboxfull',
  ],
  [
    'yahoo',
    '5.7.9',
    '554 5.7.9 Message not accepted for policy reasons. See https://postmaster.yahooinc.com/error-codes',
    'soft',
    'policyviolation',
  ],
  [
    'yahoo',
    '4.7.0',
    '421 4.7.0 [TSS04] Messages from 192.0.2.9 temporarily deferred due to unexpected volume or user complaints',
    'soft',
    'blocked',
  ],
  [
    'yahoo',
    '5.0.0',
    '552 1 Requested mail action aborted, mailbox not found',
    'hard',
    'userunknown',
    'in reply to RCPT TO command',
  ],
  ['aol', '5.1.1', '550 5.1.1 <someone@aol.example>: Recipient address rejected: aol.com', 'hard', 'userunknown'],
  ['icloud', '5.1.1', '550 5.1.1 <someone@icloud.example>: user does not exist', 'hard', 'userunknown'],
  ['icloud', '5.2.2', '552 5.2.2 <someone@icloud.example>: user is over quota', 'soft', 'mailboxfull'],
  [
    'icloud',
    '5.7.1',
    '554 5.7.1 [CS01] Message rejected due to local policy. Please visit https://support.apple.com/en-us/HT204137',
    'soft',
    'policyviolation',
  ],
  // Postfix
  ['postfix', '5.1.1', 'unknown user: "someone"', 'hard', 'userunknown'],
  [
    'postfix',
    '5.1.1',
    '550 5.1.1 <someone@example.org>: Recipient address rejected: User unknown in virtual mailbox table',
    'hard',
    'userunknown',
  ],
  [
    'postfix',
    '4.1.1',
    '450 4.1.1 <someone@example.org>: Recipient address rejected: unverified address: connect timed out',
    'soft',
    'expired',
  ],
  [
    'postfix',
    '5.1.0',
    '550 5.1.0 <me@example.com>: Sender address rejected: User unknown in virtual alias table',
    'soft',
    'rejected',
    'in reply to RCPT TO command',
  ],
  [
    'postfix',
    '5.7.1',
    '554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org',
    'soft',
    'blocked',
  ],
  ['postfix', '5.7.1', '554 5.7.1 <someone@example.org>: Relay access denied', 'soft', 'norelaying'],
  ['postfix', '4.4.1', 'connect to mx.example.org[192.0.2.1]:25: Connection timed out', 'soft', 'expired'],
  ['postfix', '5.4.6', 'mail for example.org loops back to myself', 'soft', 'networkerror'],
  [
    'postfix',
    '5.4.4',
    'Host or domain name not found. Name service error for name=nowhere.example type=A: Host not found',
    'hard',
    'hostunknown',
  ],
  [
    'postfix',
    '4.4.3',
    'Host or domain name not found. Name service error for name=example.org type=MX: Host not found, try again',
    'soft',
    'hostunknown',
  ],
  ['postfix', '5.1.0', 'Domain example.org does not accept mail (nullMX)', 'hard', 'notaccept'],
  [
    'postfix',
    '5.2.2',
    'cannot update mailbox /var/mail/someone for user someone. error writing message: Disk quota exceeded',
    'soft',
    'mailboxfull',
  ],
  [
    'postfix',
    '5.7.1',
    '550 5.7.1 <client.example.com[192.0.2.1]>: Client host rejected: cannot find your hostname, [192.0.2.1]',
    'soft',
    'requireptr',
    'in reply to RCPT TO command',
  ],
  [
    'postfix',
    '4.7.1',
    '450 4.7.1 <someone@example.org>: Recipient address rejected: Greylisted, see http://postgrey.example/',
    'soft',
    'expired',
  ],
  [
    'postfix',
    '5.3.4',
    'message size 12345678 exceeds size limit 10240000 of server mx.example.org[192.0.2.1]',
    'soft',
    'mesgtoobig',
  ],
  // qmail, vpopmail, Courier
  ['qmail', '', 'Sorry, no mailbox here by that name. (#5.1.1)', 'hard', 'userunknown'],
  ['qmail', '', "Sorry, I couldn't find any host named nowhere.example. (#5.1.2)", 'hard', 'hostunknown'],
  [
    'qmail',
    '',
    "Sorry, I wasn't able to establish an SMTP connection. (#4.4.1) I'm not going to try again; this message has been in the queue too long.",
    'soft',
    'networkerror',
  ],
  ['qmail', '', "Sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", 'soft', 'norelaying'],
  [
    'qmail',
    '',
    'User and password not set, continuing without authentication. <someone@example.org> 192.0.2.1 failed after I sent the message. Remote host said: 554 5.7.1 message looks like spam',
    'soft',
    'spamdetected',
  ],
  ['vpopmail', '', 'user is over quota', 'soft', 'mailboxfull'],
  ['courier', '5.1.1', '550 User unknown.', 'hard', 'userunknown'],
  // Exim
  [
    'exim',
    '',
    'SMTP error from remote mail server after RCPT TO:<someone@example.org>: host mx.example.org [192.0.2.1]: 550 No such user here',
    'hard',
    'userunknown',
  ],
  ['exim', '', 'Unrouteable address', 'hard', 'hostunknown'],
  ['exim', '', 'retry timeout exceeded', 'soft', 'expired'],
  [
    'exim',
    '',
    'SMTP error from remote mail server after initial connection: host mx.example.org [192.0.2.1]: 554 5.7.1 no such user',
    'soft',
    'blocked',
  ],
  ['exim', '', 'mailbox is full: retry timeout exceeded', 'soft', 'mailboxfull'],
  [
    'exim',
    '',
    'SMTP error from remote mail server after end of data: host mx.example.org [192.0.2.1]: 550 user unknown',
    'soft',
    'filtered',
  ],
  ['exim', '', 'all relevant MX records point to non-existent hosts', 'hard', 'hostunknown'],
  // Sendmail and local delivery
  ['sendmail', '5.1.2', 'Host unknown (Name server: nowhere.example: host not found)', 'hard', 'hostunknown'],
  ['sendmail', '5.2.1', '550 5.2.1 <someone@example.org>... User Unknown', 'soft', 'filtered', '>>> DATA'],
  ['sendmail', '5.1.6', '551 5.1.6 User has moved to someone@example.net; please try that address', 'hard', 'hasmoved'],
  ['sendmail', '4.2.2', '452 4.2.2 Mailbox full', 'soft', 'mailboxfull'],
  ['sendmail', '4.4.7', '', 'soft', 'expired', 'Message could not be delivered for 5 days'],
  // Others
  ['domino', '5.1.1', '550 someone@example.org... No such user', 'hard', 'userunknown'],
  ['domino', '5.0.0', 'User someone (someone@example.org) not listed in Domino Directory', 'hard', 'userunknown'],
  ['messagelabs', '5.0.0', '550 Invalid recipient <someone@example.org> (#5.1.1)', 'hard', 'userunknown'],
  [
    'mimecast',
    '5.0.0',
    '550 Invalid Recipient - https://community.mimecast.com/docs/DOC-1369#550',
    'hard',
    'userunknown',
    'in reply to RCPT TO command',
  ],
  [
    'mimecast',
    '5.0.0',
    '550 Invalid Recipient - https://community.mimecast.com/docs/DOC-1369#550 [sample]',
    'hard',
    'userunknown',
  ],
  [
    'mimecast',
    '5.0.0',
    '554 Email rejected due to security policies - https://community.mimecast.com/docs/DOC-1369#554',
    'soft',
    'virusdetected',
  ],
  ['proofpoint', '5.7.1', '554 5.7.1 Blocked - see https://ipcheck.proofpoint.com/?ip=192.0.2.1', 'soft', 'blocked'],
  [
    'gmx',
    '5.0.0',
    '550 Requested action not taken: mailbox unavailable For explanation visit https://postmaster.gmx.net/en/error-messages?ip=192.0.2.1&c=hi',
    'hard',
    'userunknown',
  ],
  [
    't-online',
    '5.0.0',
    '550 someone@t-online.example: user unknown',
    'hard',
    'userunknown',
    'in reply to RCPT TO command',
  ],
  ['orange', '5.0.0', '550 5.2.0 Mail rejete. Mail rejected. ofr_506 [506]', 'soft', 'badreputation'],
  [
    'orange',
    '5.1.1',
    '550 5.1.1 Adresse d au moins un destinataire invalide. Invalid recipient. OFR204_416 [416]',
    'hard',
    'userunknown',
  ],
  [
    'mail.ru',
    '5.0.0',
    '550 Message was not accepted -- invalid mailbox. Local mailbox someone@mail.example is unavailable: user not found',
    'hard',
    'userunknown',
    'in reply to RCPT TO command',
  ],
  ['yandex', '5.7.1', '550 5.7.1 No such user!', 'hard', 'userunknown', 'in reply to RCPT TO command'],
  [
    'yandex',
    '5.7.1',
    '554 5.7.1 [1] Message rejected under suspicion of SPAM; https://ya.cc/1IrBc',
    'soft',
    'spamdetected',
  ],
  [
    'qq',
    '5.0.0',
    '550 Mailbox not found. http://service.mail.qq.com/cgi-bin/help?subtype=1&no=1001',
    'hard',
    'userunknown',
    'in reply to RCPT TO command',
  ],
  [
    'facebook',
    '5.1.1',
    '550 5.1.1 RCP-P1 http://postmaster.facebook.com/response_codes?ip=192.0.2.135#rcp Refused due to recipient preferences',
    'hard',
    'userunknown',
  ],
  [
    'godaddy',
    '5.1.0',
    "550 5.1.0 192.0.2.222 is not allowed to send from <example.net> per it's SPF Record. IB508",
    'soft',
    'authfailure',
  ],
  ['zoho', '5.7.1', '550 5.7.1 Email cannot be delivered. Reason: Email flagged as Spam.', 'soft', 'spamdetected'],
  [
    'barracuda',
    '5.7.1',
    '550 permanent failure for one or more recipients (someone@example.org:blocked)',
    'soft',
    'blocked',
  ],
  ['comcast', '5.1.1', '550 5.1.1 Not our Customer', 'hard', 'userunknown'],
  ['cox', '5.1.0', '550 5.1.0 <me@example.com> sender rejected : invalid sender domain', 'soft', 'rejected'],
  ['docomo', '5.0.0', '550 Unknown user someone@docomo.example', 'hard', 'userunknown', 'in reply to RCPT TO command'],
  ['spectrum', '5.1.1', '550 5.1.1 <someone@charter.example> recipient rejected - AUP#R1820', 'hard', 'userunknown'],
  ['procmail', '5.1.1', 'procmail: Quota exceeded while writing "/var/mail/someone"', 'soft', 'mailboxfull'],
  ['exim', '', '550 Account someone@example.org is suspended. Contact your provider', 'soft', 'suspend'],
  ['qq', '5.0.0', '550 Ip frequency limited [abc IP: 192.0.2.4]', 'soft', 'toomanyconn'],
  ['qq', '5.0.0', '550 Mail content denied. http://service.mail.qq.example/help', 'soft', 'spamdetected'],
  ['zoho', '', 'Status: Error, ResponseCode 421, Host not reachable.', 'soft', 'expired'],
  ['comcast', '5.7.1', '554 5.7.1 mx.example.org 192.0.2.4 Comcast block for spam', 'soft', 'blocked'],
  ['sophos', '5.7.1', '550 5.7.1 Rejected due to SPF policy (sender domain example.com)', 'soft', 'authfailure'],
  [
    'exchange',
    '5.2.0',
    "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; the sender's submission quota was exceeded.",
    'soft',
    'exceedlimit',
  ],
  ['powermta', '5.0.0', '', 'soft', 'undefined', 'a report is attached, as well as the headers of the message'],
  [
    'postfix',
    '5.4.4',
    'Host or domain name not found. Name service error for name=example.org type=MX: Malformed or unexpected name server reply',
    'soft',
    'networkerror',
  ],
  [
    'exim',
    '5.0.0',
    '550-Callout verification failed:\n550 550 5.1.1 <x@example.org> unknown',
    'hard',
    'userunknown',
    RCPT,
  ],
  ['exim', '5.0.0', '550-Callout verification failed:\n550 451 Try again later', 'soft', 'onhold', RCPT],
  ['qmail', '5.7.1', '553 sorry, this recipient is not in my validrcptto list (#5.7.1)', 'hard', 'userunknown', RCPT],
  [
    'gmail',
    '5.7.1',
    "550-5.7.1 [192.0.2.4] The IP you're using to send mail is not authorized to\n550 5.7.1 send email directly to our servers.",
    'soft',
    'blocked',
  ],
  ['gmail', '5.7.1', '550 5.7.1 Messages having no From: header are not accepted.', 'soft', 'policyviolation'],
  ['gateway', '5.0.0', '550 Blocked by SpamAssassin', 'soft', 'spamdetected'],
  ['list', '5.7.1', '550 5.7.1 You are not allowed to send mail to this list', 'soft', 'rejected', RCPT],
  ['any', '5.1.1', '550 5.1.1 user has exceeded the maximum allowed storage', 'soft', 'mailboxfull', RCPT],
  ['gmail', '5.1.1', "552-5.1.1 Your message exceeded Google's message size limits.", 'soft', 'mesgtoobig'],
  ['earthlink', '5.0.0', '550 someone@example.org...User unknown', 'hard', 'userunknown', RCPT],
  ['docomo', '5.0.0', '550 Unknown user someone@example.org', 'hard', 'userunknown'],
  // A code is only a code
  ['code only', '5.0.0', '', 'soft', 'undefined'],
  ['code only', '5.7.1', '', 'soft', 'securityerror'],
  ['code only', '5.1.1', '', 'hard', 'userunknown'],
  ['code only', '5.3.0', '', 'soft', 'systemerror'],
];

describe('judge', () => {
  // Whole rows: Jest would hand its own callback to a parameter that a row leaves out.
  it.each(
    answers.map(
      ([family, status, diagnostic, kind, reason, context = '']) =>
        [family, status, diagnostic, kind, reason, context] as const,
    ),
  )('%s %s "%s" is %s (%s)', (_family, status, diagnostic, kind, reason, context) => {
    expect(judge({ action: 'failed', status, diagnosticType: 'smtp', diagnostic, context })).toMatchObject({
      kind,
      reason,
    });
  });

  it('takes no guess that a gateway makes in front of an answer, in its prose neither', () => {
    const diagnostic = "5.1.0 - Unknown address error 550-'5.2.2 user is above the maximum'";
    const evidence = { action: 'failed', status: '5.0.0', diagnosticType: 'smtp', diagnostic };
    const context = `The message was undeliverable. The reason for the problem: ${diagnostic}`;
    expect(judge({ ...evidence, context })).toMatchObject({ kind: 'soft', reason: 'mailboxfull' });
  });

  it.each([
    ['5.2.2', '552 5.2.2 El buzon esta lleno', 'mailboxfull'],
    ['5.7.1', '550 5.7.1 Verboten', 'securityerror'],
  ] as const)('hears no gossip around an answer whose code names another cause: %s', (status, diagnostic, reason) => {
    const context = `said: ${diagnostic} ${RCPT}\nDISCLAIMER: unknown users must delete this. If user unknown, tell the desk.`;
    const evidence = { action: 'failed', status, diagnosticType: 'smtp', diagnostic, context };
    expect(judge(evidence)).toMatchObject({ kind: 'soft', reason });
  });

  it.each(blamesAnother)('%s "%s" blames no address', (status, diagnostic, reason) => {
    const evidence = { action: 'failed', status, diagnosticType: 'smtp', diagnostic, context: RCPT };
    expect(judge(evidence)).toMatchObject({ kind: 'soft', reason });
  });

  it('keeps to what an answer says for now, although the report around it repeats it', () => {
    const diagnostic = '450 4.1.1 <someone@example.org>: Recipient address rejected: unverified address: in progress';
    const evidence = { action: 'failed', status: '4.1.1', diagnosticType: 'smtp', diagnostic };
    expect(judge({ ...evidence, context: `${diagnostic} ${RCPT}` }).kind).toBe('soft');
    const missing = '550 5.7.0 Credentials not found';
    const repeated = { ...evidence, status: '5.7.0', diagnostic: missing, context: `said: ${missing} ${RCPT}` };
    expect(judge(repeated)).toMatchObject({ kind: 'soft', reason: 'securityerror' });
  });

  it.each(nobodyThere)('"550 %s" is hard at RCPT, and a guess after the message unless it is unmistakable', (text) => {
    const evidence = { action: 'failed', status: '5.0.0', diagnosticType: 'smtp', diagnostic: `550 ${text}` };
    expect(judge({ ...evidence, context: RCPT })).toMatchObject({ kind: 'hard', reason: 'userunknown' });
    expect(['userunknown', 'filtered']).toContain(
      judge({ ...evidence, context: '(in reply to end of DATA command)' }).reason,
    );
  });

  it.each([
    'MX record for example.com not found',
    'hostname mx.example.com not found',
    'this server is no longer in use',
    'service no longer available',
    'mailbox server not found',
    'mail store not found',
    'IP address is unknown',
    'link is invalid',
    'your organisation is not known',
    'your account does not exist',
  ])('"550 %s" speaks of another thing than the address', (text) => {
    const evidence = { action: 'failed', status: '5.7.1', diagnosticType: 'smtp', diagnostic: `550 5.7.1 ${text}` };
    expect(judge({ ...evidence, context: RCPT }).kind).toBe('soft');
  });

  it.each(['does not exist on this server', 'is not known on this host', 'no longer valid for this service'])(
    '"550 someone %s" speaks of the address',
    (text) => {
      const diagnostic = `550 someone ${text}`;
      const evidence = { action: 'failed', status: '5.0.0', diagnosticType: 'smtp', diagnostic, context: RCPT };
      expect(judge(evidence)).toMatchObject({ kind: 'hard', reason: 'userunknown' });
    },
  );

  it.each(probed)('Postfix whose probe met "%s": %s (%s)', (said, kind, reason) => {
    const diagnostic = `550 5.1.1 <someone@example.org>: Recipient address rejected: ${said}`;
    const evidence = { action: 'failed', status: '5.1.1', diagnosticType: 'smtp', diagnostic, context: RCPT };
    expect(judge(evidence)).toMatchObject({ kind, reason });
  });

  it('takes no delayed message for a lost one, whatever its text says', () => {
    const evidence = {
      action: 'delayed',
      status: '4.1.1',
      diagnosticType: 'smtp',
      diagnostic: '450 4.1.1 user unknown in virtual mailbox table',
      context: '',
    };
    expect(judge(evidence)).toMatchObject({ kind: 'soft', reason: 'userunknown' });
  });

  it('lets a delivery agent fail without blaming the address', () => {
    const evidence = {
      action: 'failed',
      status: '5.1.1',
      diagnosticType: 'x-unix',
      diagnostic: 'procmail: No such user',
      context: '',
    };
    expect(judge(evidence)).toMatchObject({ kind: 'soft', reason: 'mailererror' });
  });

  it.each(['delivered', 'relayed', 'expanded'])('knows %s as arrived', (action) => {
    expect(judge({ action, status: '2.0.0', diagnosticType: '', diagnostic: '', context: '' }).kind).toBe('delivered');
  });
});
