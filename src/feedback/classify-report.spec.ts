import { classifyReport } from './classify-report.js';
import type { Reason, ReportKind } from './report.types.js';

/** A report in plain text, as a mail system would send it to the sender `me@example.com`. */
function prose(from: string, subject: string, body: string, more = ''): string {
  return `Return-Path: <>\r\nFrom: ${from}\r\nTo: me@example.com\r\nSubject: ${subject}\r\nDate: Mon, 14 Sep 2026 08:00:00 +0100\r\n${more}\r\n${body.replace(/\n/g, '\r\n')}`;
}

const returned = `Received: from mail.example.com by mx.example.org; Mon, 14 Sep 2026 07:59:00 +0100
From: Me <me@example.com>
To: gone@example.org
Subject: Payment declaration
Message-ID: <b9d8@example.com>

Body
`;

function dsn(human: string, blocks: string, original = returned): string {
  return `Return-Path: <>
From: MAILER-DAEMON@mx.example.com (Mail Delivery System)
To: me@example.com
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="BOUND"

--BOUND
Content-Type: text/plain

${human}

--BOUND
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com

${blocks}

--BOUND
Content-Type: message/rfc822

${original}
--BOUND--
`;
}

type Layout = readonly [
  family: string,
  raw: string,
  kind: ReportKind,
  recipients: readonly (readonly [address: string | null, reason: Reason])[],
];

const layouts: readonly Layout[] = [
  [
    'a report that tells its outcome behind three megabytes of the returned message',
    dsn('', 'Final-Recipient: rfc822; gone@example.org\nAction: failed\nStatus: 5.1.1').replace(
      /(--BOUND\nContent-Type: message\/delivery-status\n[^]*?)(--BOUND\nContent-Type: message\/rfc822\n[^]*?)(?=\n--BOUND--)/,
      (_, status: string, message: string) => `${message}\n${`${'x'.repeat(76)}\n`.repeat(40_000)}${status}`,
    ),
    'hard',
    [['gone@example.org', 'userunknown']],
  ],
  [
    'Exchange, in Italian, while it still tries',
    prose(
      'postmaster@example.org',
      'Consegna ritardata: Payment',
      'Recapito ai seguenti destinatari ritardato:\n\nslow@example.org\n\nContinueranno i tentativi di recapito.\n',
    ),
    'soft',
    [['slow@example.org', 'expired']],
  ],
  [
    'Outlook, in Welsh, for somebody who is away',
    prose('Testa Sample <testa@example.org>', 'Ymateb Awtomatig: Payment', "Rwyf allan o'r swyddfa."),
    'auto-reply',
    [['testa@example.org', 'vacation']],
  ],
  [
    'Exim',
    prose(
      'Mail Delivery System <Mailer-Daemon@mx.example.com>',
      'Mail delivery failed: returning message to sender',
      `This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  gone@example.org
    SMTP error from remote mail server after RCPT TO:<gone@example.org>:
    host mx.example.org [192.0.2.1]: 550 5.1.1 User unknown
  full@example.org
    mailbox is full: retry timeout exceeded

------ This is a copy of the message, including all the headers. ------

Return-path: <me@example.com>
${returned}`,
    ),
    'hard',
    [
      ['gone@example.org', 'userunknown'],
      ['full@example.org', 'mailboxfull'],
    ],
  ],
  [
    'Exim in old words',
    prose(
      'Mail Delivery System <Mailer-Daemon@mx.example.com>',
      'Mail delivery failed: returning message to sender',
      `A message that you sent could not be delivered to all of its recipients. The
following address(es) failed:

  gone@example.org:
    unknown local-part "gone" in domain "example.org"

------ This is a copy of the message, including all the headers. ------

${returned}`,
    ),
    'hard',
    [['gone@example.org', 'userunknown']],
  ],
  [
    'Exim warning',
    prose(
      'Mail Delivery System <Mailer-Daemon@mx.example.com>',
      'Warning: message 1abc-00-Xy delayed 24 hours',
      `This message was created automatically by mail delivery software.
A message that you sent has not yet been delivered to one or more of its
recipients after more than 24 hours on the queue on mx.example.com.

The address to which the message has not yet been delivered is:

  slow@example.org
    Delay reason: SMTP timeout while connected to mx.example.org [192.0.2.1]

No action is required on your part. Delivery attempts will continue for some time.`,
    ),
    'soft',
    [['slow@example.org', 'expired']],
  ],
  [
    'qmail',
    prose(
      'MAILER-DAEMON@mx.example.com',
      'failure notice',
      `Hi. This is the qmail-send program at mx.example.com.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<gone@example.org>:
Sorry, no mailbox here by that name. vpopmail (#5.1.1)

--- Below this line is a copy of the message.

Return-Path: <me@example.com>
${returned}`,
    ),
    'hard',
    [['gone@example.org', 'userunknown']],
  ],
  [
    'qmail refusing after DATA',
    prose(
      'MAILER-DAEMON@mx.example.com',
      'failure notice',
      `Hi. This is the qmail-send program at mx.example.com.
I'm afraid I wasn't able to deliver your message to the following addresses.

<someone@example.org>:
192.0.2.1 failed after I sent the message.
Remote host said: 554 5.7.1 Message contains spam

--- Below this line is a copy of the message.

${returned}`,
    ),
    'soft',
    [['someone@example.org', 'spamdetected']],
  ],
  [
    'Yahoo',
    prose(
      'MAILER-DAEMON@yahoo.example',
      'Failure Notice',
      `Sorry, we were unable to deliver your message to the following address.

<gone@example.org>:
Remote host said: 550 5.1.1 <gone@example.org>: Recipient address rejected: User unknown in local recipient table [RCPT_TO]

--- Below this line is a copy of the message.

${returned}`,
    ),
    'hard',
    [['gone@example.org', 'userunknown']],
  ],
  [
    'Exchange 2003',
    prose(
      'System Administrator <postmaster@example.org>',
      'Undeliverable: Payment declaration',
      `Your message

  To:      gone@example.org
  Subject: Payment declaration
  Sent:    Mon, 14 Sep 2026 08:00:00 +0100

did not reach the following recipient(s):

gone@example.org on Mon, 14 Sep 2026 08:00:00 +0100
    The recipient name is not recognized
    The MTS-ID of the original message is: c=gb;a= ;p=example;l=EX0000
    MSEXCH:IMS:EXAMPLE:SITE:EX 0 (000C05A6) Unknown Recipient
`,
      'X-Mailer: Internet Mail Service (5.5.2657.72)\r\n',
    ),
    'hard',
    [['gone@example.org', 'userunknown']],
  ],
  [
    'Exchange 5.5 with an X.400 name',
    prose(
      'System Administrator <postmaster@example.org>',
      'Undeliverable: RE: Payment',
      `Your message

  To:      list@example.com
  Subject: RE: Payment
  Sent:    Mon, 14 Sep 2026 08:00:00 +0100

did not reach the following recipient(s):

c=GB;a= ;p=EXAMPLE;o=Site2;dda:SMTP=gone@example.org; on Mon, 14 Sep 2026
08:00:00 +0100
    The recipient name is not recognized
    MSEXCH:IMS:EXAMPLE:Site2:EX1 0 (000C05A6) Unknown Recipient
`,
    ),
    'hard',
    [['gone@example.org', 'userunknown']],
  ],
  [
    'Netscape, whose status part names nobody',
    `From: Mail Administrator <Postmaster@mx.example.org>
To: me@example.com
Subject: Mail System Error - Returned Mail
Content-Type: multipart/report; report-type=delivery-status; Boundary="=_ _= 4617(2)"

--=_ _= 4617(2)
Content-Type: text/plain

This Message was undeliverable due to the following reason:

Your message was not delivered because the destination computer was
not reachable within the allowed queue period.

Host example.org is not responding.

The following recipients did not receive your message:

     <slow@example.org>

Please reply to Postmaster@mx.example.org
if you feel this message to be in error.

--=_ _= 4617(2)
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

--=_ _= 4617(2)--
`,
    'soft',
    [['slow@example.org', 'expired']],
  ],
  [
    'a gateway around another report',
    `From: postmaster@example.org
To: me@example.com
Subject: Delivery Status Notification (Failure)
Content-Type: multipart/mixed; boundary="OUTER"

--OUTER
Content-Type: message/rfc822

${dsn('', 'Final-Recipient: rfc822; gone@example.org\nAction: failed\nStatus: 5.1.1')}
--OUTER
Content-Type: text/plain

This e-mail is confidential.

--OUTER--
`,
    'hard',
    [['gone@example.org', 'userunknown']],
  ],
  [
    'a person who pastes the fields of a bounce',
    `Return-Path: <testa@example.org>
From: testa@example.org
To: me@example.com
Subject: Please help

I got this back:

Final-Recipient: rfc822; gone@example.org
Action: failed
Status: 5.1.1
`,
    'not-bounce',
    [],
  ],
  [
    'a person who attaches a bounce',
    `Return-Path: <testa@example.org>
From: testa@example.org
To: me@example.com
Subject: What is this?
Content-Type: multipart/mixed; boundary="OUTER"

--OUTER
Content-Type: text/plain

See attached.

--OUTER
Content-Type: message/rfc822

${dsn('', 'Final-Recipient: rfc822; gone@example.org\nAction: failed\nStatus: 5.1.1')}
--OUTER--
`,
    'not-bounce',
    [],
  ],
  [
    'a scanner that tells nothing of its envelope',
    `From: E500_SMTP_Service@mx.example.org
To: <me@example.com>
Subject: Returned Mail - Error During Delivery

------ Failed Recipients ------

<gone@example.org>: Requested action not taken: mailbox unavailable. [SMTP Error Code 550]
-------- Returned Mail --------

${returned}`,
    'soft',
    [['gone@example.org', 'filtered']],
  ],
  [
    'IMail',
    prose(
      'Postmaster <postmaster@mx.example.org>',
      'Undeliverable Mail',
      `Unknown user: gone@example.org\n\n\nOriginal message follows.\n\n${returned}`,
      'X-Mailer: <SMTP32 v8.22>\r\n',
    ),
    'hard',
    [['gone@example.org', 'userunknown']],
  ],
  [
    'IMail giving up',
    prose(
      'Postmaster <postmaster@mx.example.org>',
      'Undeliverable Mail',
      `Delivery failed 20 attempts: slow@example.org\n\n\nOriginal message follows.\n\n${returned}`,
    ),
    'soft',
    [['slow@example.org', 'expired']],
  ],
  [
    'MDaemon',
    prose(
      'MDaemon@mx.example.org',
      'Permanent Delivery Failure',
      `The attached message had PERMANENT fatal delivery errors!

The following addresses did NOT receive a copy of your message:

> full@example.org

--- Session Transcript ---
 MAIL From:<me@example.com> SIZE=1861
 250 <me@example.com>, Sender ok
 RCPT To:<full@example.org>
 552 Message for <full@example.org> would exceed mailbox quota
 QUIT
--- End Transcript ---
`,
    ),
    'soft',
    [['full@example.org', 'mailboxfull']],
  ],
  [
    'Domino',
    prose(
      'Postmaster@example.org',
      'DELIVERY FAILURE: User gone (gone@example.org) not listed in Domino Directory',
      `Your message

  Subject: Payment declaration

was not delivered to:

  gone@example.org

because:

  User gone (gone@example.org) not listed in Domino Directory
`,
    ),
    'hard',
    [['gone@example.org', 'userunknown']],
  ],
  [
    'GroupWise',
    prose(
      'Mailer-Daemon@example.org',
      'Message status - undeliverable',
      `The message that you sent was undeliverable to the following:\n\tgone@example.org (user not found)\n\n`,
    ),
    'soft',
    [['gone@example.org', 'filtered']],
  ],
  [
    'Apache James',
    prose(
      'postmaster@example.org',
      'Re:Payment declaration',
      `Hi. This is the James mail server at example.org.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out. Below
I include the list of recipients and the reason why I was unable to deliver
your message.

Failed recipient(s):
gone@example.org

Error message below:
550 5.1.1 <gone@example.org>... User Unknown

Message details:
  Subject: Payment declaration
`,
    ),
    'hard',
    [['gone@example.org', 'userunknown']],
  ],
  [
    'Courier',
    prose(
      '"Courier mail server at mx.example.com" <@>',
      'NOTICE: mail delivery status.',
      `This is a delivery status notification from mx.example.com,
running the Courier mail server, version 0.65.2.

The original message was received on Mon, 14 Sep 2026 08:00:00 +0100

---------------------------------------------------------------------------

                           UNDELIVERABLE MAIL

Your message to the following recipients cannot be delivered:

<gone@example.org>:
    mx.example.org [192.0.2.1]:
>>> RCPT TO:<gone@example.org>
<<< 550 5.1.1 <gone@example.org>... User Unknown
`,
    ),
    'hard',
    [['gone@example.org', 'userunknown']],
  ],
  [
    'IIS and Interscan',
    prose(
      'postmaster@example.org',
      'Mail delivery failed',
      `The following message could not be delivered.

Unable to deliver message to <gone@example.org>.

Sent >>> RCPT TO:<gone@example.org>
Received <<< 550 5.1.1 <gone@example.org>... user unknown
`,
    ),
    'hard',
    [['gone@example.org', 'userunknown']],
  ],
  [
    'Japanese carrier',
    prose(
      'Postmaster@ezweb.example',
      'Mail System Error - Returned Mail',
      `The user(s) account is temporarily over quota.

<full@example.org>

------------ Original message ------------
${returned}`,
    ),
    'soft',
    [['full@example.org', 'mailboxfull']],
  ],
  [
    'German provider',
    prose(
      'mailer-daemon@example.de',
      'Unzustellbar: Nachricht',
      `Ihre Nachricht konnte nicht zugestellt werden.\n\n<gone@example.org>:\nEmpfänger unbekannt\n`,
    ),
    'hard',
    [['gone@example.org', 'userunknown']],
  ],
  [
    'French provider',
    prose(
      'postmaster@example.fr',
      'Non remis : Message',
      `Votre message n'a pas pu être remis au destinataire suivant :\n\n<full@example.org>: boîte aux lettres pleine\n`,
    ),
    'soft',
    [['full@example.org', 'mailboxfull']],
  ],
  [
    'Gmail',
    prose(
      'Mail Delivery Subsystem <mailer-daemon@googlemail.com>',
      'Delivery Status Notification (Failure)',
      `Delivery to the following recipient failed permanently:

     gone@example.org

Technical details of permanent failure:
DNS Error: Domain name not found

----- Original message -----

${returned}`,
      'X-Failed-Recipients: gone@example.org\r\n',
    ),
    'hard',
    [['gone@example.org', 'hostunknown']],
  ],
  [
    'OpenSMTPD',
    prose(
      'Mailer Daemon <MAILER-DAEMON@mx.example.com>',
      'Delivery status notification: error',
      `    Hi!

    This is the MAILER-DAEMON, please DO NOT REPLY to this e-mail.

    An error has occurred while attempting to deliver a message for
    the following list of recipients:

gone@example.org: Invalid recipient: 550 5.1.1 <gone@example.org>... User unknown

    Below is a copy of the original message:

${returned}`,
    ),
    'hard',
    [['gone@example.org', 'userunknown']],
  ],
  [
    'Postfix',
    dsn(
      '<gone@example.org>: host mx.example.org[192.0.2.1] said: 550 no such user (in reply to RCPT TO command)',
      'Final-Recipient: rfc822; gone@example.org\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550 no such user',
    ),
    'hard',
    [['gone@example.org', 'userunknown']],
  ],
  [
    'Postfix delay',
    dsn(
      '<slow@example.org>: connect to mx.example.org[192.0.2.1]:25: Connection timed out',
      'Final-Recipient: rfc822; slow@example.org\nAction: delayed\nStatus: 4.4.1\nDiagnostic-Code: X-Postfix; connect to mx.example.org[192.0.2.1]:25: Connection timed out',
    ),
    'soft',
    [['slow@example.org', 'expired']],
  ],
  [
    'relayed',
    dsn('Your message was relayed.', 'Final-Recipient: rfc822; there@example.org\nAction: relayed\nStatus: 2.0.0'),
    'delivered',
    [['there@example.org', 'delivered']],
  ],
  [
    'alias',
    dsn(
      '',
      'Original-Recipient: rfc822; written@example.org\nFinal-Recipient: rfc822; rewritten@example.net\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 user unknown',
    ),
    'hard',
    [['written@example.org', 'userunknown']],
  ],
  [
    'Activehunter',
    prose(
      'MAILER-DAEMON@mx.example.com',
      'FAILURE NOTICE :',
      `  ----- The following addresses had permanent fatal errors -----

>>>>> gone@example.org <gone@example.org>

  ----- Non-delivered information -----
550 sorry, no mailbox here by that name (#5.1.1 - chkuser)
`,
    ),
    'hard',
    [['gone@example.org', 'userunknown']],
  ],
  [
    '1&1',
    prose(
      'Mail Delivery System <mailer-daemon@kundenserver.example>',
      'Mail delivery failed: returning message to sender',
      `This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of
its recipients. The following address failed:

big@example.org:

For the following reason:

Mail size limit exceeded. For explanation visit
http://postmaster.example/en/error-messages?ip=192.0.2.1

--- The header of the original message is following. ---

${returned}`,
    ),
    'soft',
    [['big@example.org', 'mesgtoobig']],
  ],
  [
    'KDDI',
    prose(
      'no-reply@dion.example',
      'Undeliverable',
      `Your mail sent on: Mon, 14 Sep 2026 08:00:00 +0900
  Could not be delivered to: <full@example.org>
  As their mailbox is full.

${returned}`,
    ),
    'soft',
    [['full@example.org', 'mailboxfull']],
  ],
  [
    'a gateway that answers in brackets',
    prose(
      'Mail Delivery System <postmaster@example.jp>',
      'There was an error sending your mail',
      `We had trouble delivering your message. Full details follow:

1 error(s):

SMTP Server <mx.example.org> rejected recipient <gone@example.org>
  (Error following RCPT command). It responded as follows: [550 5.1.1 <gone@example.org>... User Unknown]

${returned}`,
    ),
    'hard',
    [['gone@example.org', 'userunknown']],
  ],
  [
    'Notes',
    prose(
      'Postmaster@notes.example',
      'DELIVERY FAILURE',
      `------- Failure Reasons  --------

User not listed in public Name & Address Book
gone@example.org

------- Returned Message --------
${returned}`,
    ),
    'hard',
    [['gone@example.org', 'userunknown']],
  ],
  [
    'MailMarshal',
    prose(
      'Postmaster <postmaster@example.org>',
      'Undeliverable Mail: "Payment declaration"',
      `Your message:
   From:    me@example.com
   Subject: Payment declaration

Could not be delivered because of

550 5.1.1 User unknown

The following recipients were affected:
    gone@example.org

Additional Information
======================
`,
    ),
    'hard',
    [['gone@example.org', 'userunknown']],
  ],
  [
    'SurfControl',
    prose(
      'Mail Administrator <postmaster@example.org>',
      'Message could not be delivered',
      `Your message could not be sent.
A transcript of the attempts to send the message follows.
The number of attempts made: 1
Addressed To: gone@example.org

Mon 14 Sep 2026 08:00:00 +0100
Failed to send to identified host,
gone@example.org: [192.0.2.5], 550 5.1.1 gone@example.org... No such user
--- Message non-deliverable.
`,
    ),
    'hard',
    [['gone@example.org', 'userunknown']],
  ],
  [
    'Zoho',
    prose(
      'mailer-daemon@mail.zoho.example',
      'Undelivered Mail Returned to Sender',
      `This message was created automatically by mail delivery software.
A message that you sent could not be delivered to one or more of its recipients. This is a permanent error.

gone@example.org Invalid Address, ERROR_CODE :550, ERROR_CODE :5.1.1 <gone@example.org>... User Unknown

${returned}`,
    ),
    'hard',
    [['gone@example.org', 'userunknown']],
  ],
  [
    'DragonFly Mail Agent',
    prose(
      'MAILER-DAEMON <>',
      'Mail delivery failed',
      `This is the DragonFly Mail Agent v0.13 at mx.example.com.

There was an error delivering your mail to <gone@example.org>.

mx.example.org [192.0.2.25] did not like our RCPT TO:
550 <gone@example.org>: Recipient address rejected: User unknown

Message headers follow.

${returned}`,
    ),
    'hard',
    [['gone@example.org', 'userunknown']],
  ],
  [
    'Google Groups',
    prose(
      'Mail Delivery Subsystem <mailer-daemon@google.example>',
      'Delivery Status Notification (Failure)',
      `Hello me@example.com,

We're writing to let you know that the group you tried to contact (staff) may not exist, or you may not have permission to post messages to the group.

----- Original message -----

${returned}`,
      'X-Failed-Recipients: staff@groups.example\r\n',
    ),
    'soft',
    [['staff@groups.example', 'rejected']],
  ],
  [
    'Amazon SES through SNS',
    prose(
      'no-reply@sns.amazonaws.com',
      'AWS Notification Message',
      JSON.stringify({
        eventType: 'Bounce',
        mail: { messageId: 'x' },
        bounce: {
          bouncedRecipients: [
            {
              emailAddress: 'gone@example.org',
              action: 'failed',
              status: '5.1.1',
              diagnosticCode: 'smtp; 550 5.1.1 user unknown',
            },
          ],
        },
      }),
    ),
    'hard',
    [['gone@example.org', 'userunknown']],
  ],
  [
    'ARF',
    `From: fbl@provider.example
To: me@example.com
Subject: Complaint
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="B"

--B
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: Provider/1.0
Original-Rcpt-To: <angry@example.org>

--B
Content-Type: message/rfc822

${returned}
--B--
`,
    'complaint',
    [['angry@example.org', 'feedback']],
  ],
  [
    'out of office',
    'From: Testa Sample <testa@example.org>\nTo: me@example.com\nSubject: Automatic reply: Payment declaration\nAuto-Submitted: auto-generated\nIn-Reply-To: <b9d8@example.com>\n\nI am away. My mailbox is full and user unknown is a phrase.\n',
    'auto-reply',
    [['testa@example.org', 'vacation']],
  ],
  [
    'out of office in Welsh',
    'From: testa@example.org\nTo: me@example.com\nSubject: Ateb awtomatig: Taliad\n\nRwyf i ffwrdd.\n',
    'auto-reply',
    [['testa@example.org', 'vacation']],
  ],
  [
    'a person who forwards a bounce',
    'Return-Path: <testa@example.org>\nFrom: Testa Sample <testa@example.org>\nTo: me@example.com\nSubject: FW: Undeliverable: Payment declaration\n\nWhy did I get this? 550 5.1.1 gone@example.org user unknown, could not be delivered\n',
    'not-bounce',
    [],
  ],
  [
    'a person who writes about bounces',
    'Return-Path: <testa@example.org>\nFrom: Testa Sample <testa@example.org>\nTo: me@example.com\nSubject: Delivery failure of our new system\n\nMail to gone@example.org could not be delivered: user unknown.\n',
    'not-bounce',
    [],
  ],
  [
    'a postmaster who writes as a person',
    'Return-Path: <postmaster@example.org>\nFrom: Postmaster <postmaster@example.org>\nTo: me@example.com\nSubject: Planned maintenance on Sunday\n\nThe service will be down from six to eight.\n',
    'not-bounce',
    [],
  ],
  [
    'a newsletter',
    'From: news@example.org\nTo: me@example.com\nAuto-Submitted: auto-generated\nPrecedence: bulk\nSubject: News\n\nNothing.\n',
    'not-bounce',
    [],
  ],
];

describe('classifyReport', () => {
  it.each(layouts)('reads the report of %s', async (_family, raw, kind, recipients) => {
    const report = await classifyReport(raw);
    expect(report.recipients.map(({ address, reason }) => [address, reason])).toEqual(recipients);
    expect(report.kind).toBe(kind);
  });

  it('refers to the message that came back', async () => {
    const raw = dsn('', 'Final-Recipient: rfc822; gone@example.org\nAction: failed\nStatus: 5.1.1');
    expect((await classifyReport(raw)).references.originalMessageId).toBe('b9d8@example.com');
  });

  it('reads a status part in base64', async () => {
    const fields =
      'Reporting-MTA: dns; mx.example.com\n\nFinal-Recipient: rfc822; gone@example.org\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 user unknown\n';
    const raw = `From: postmaster@example.org\nTo: me@example.com\nSubject: Failure\nContent-Type: multipart/report; boundary=B\n\n--B\nContent-Type: message/delivery-status\nContent-Transfer-Encoding: base64\n\n${Buffer.from(fields).toString('base64')}\n--B--\n`;
    expect(await classifyReport(raw)).toMatchObject({
      kind: 'hard',
      recipients: [{ address: 'gone@example.org', status: '5.1.1' }],
    });
  });

  it('takes not-spam for the opposite of a complaint', async () => {
    const raw =
      'From: fbl@provider.example\nContent-Type: multipart/report; report-type=feedback-report; boundary=B\n\n--B\nContent-Type: message/feedback-report\n\nFeedback-Type: not-spam\n\n--B--\n';
    expect((await classifyReport(raw)).kind).toBe('not-bounce');
  });
});
