import { classifyReport } from './classify-report.js';
import type { ReportKind } from './report.types.js';

const EXCHANGE = 'Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@sample.onmicrosoft.example>';

interface Letter {
  readonly from?: string;
  /** The envelope sender as the last relay wrote it down; undefined: it wrote nothing. */
  readonly returnPath?: string | undefined;
  readonly subject: string;
  readonly more?: string;
  readonly type?: string;
  readonly text: string;
}

const letter = (mail: Letter): string => {
  const { from = 'Anna Sample <anna@example.org>', subject, more = '', text } = mail;
  const { type = 'text/plain; charset=utf-8' } = mail;
  const returnPath = 'returnPath' in mail ? mail.returnPath : '<>';
  const head = [
    ...(returnPath === undefined ? [] : [`Return-Path: ${returnPath}`]),
    ...[`From: ${from}`, 'To: cqrs@example.nhs.test', `Subject: ${subject}`, 'MIME-Version: 1.0'],
    `Content-Type: ${type}`,
  ];
  return `${head.join('\r\n')}\r\n${more}\r\n${text.replace(/\n/g, '\r\n')}`;
};
const report = (status: string): string =>
  letter({
    from: 'MAILER-DAEMON@mx.example.org',
    subject: 'Delivery Status Notification (Failure)',
    type: 'multipart/report; report-type=delivery-status; boundary=b',
    text: `--b\n\nSee below.\n\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns;mx.example.org\n\n${status}\n\n--b--\n`,
  });

const kindAndAddress = async (raw: Buffer | string): Promise<[ReportKind, (string | null)[]]> => {
  const { kind, recipients } = await classifyReport(raw);
  return [kind, recipients.map(({ address }) => address)];
};

describe('mail that looks like a bounce and is none', () => {
  it.each<[string, Letter]>([
    [
      'a courier’s note',
      {
        from: 'Parcel Delivery Service <no-reply@parcels.example>',
        returnPath: '<bounce-123@parcels.example>',
        subject: 'Delivery failed: we could not deliver your parcel',
        text: 'We were unable to deliver your parcel today. It could not be delivered as nobody was in.\n',
      },
    ],
    [
      'a courier’s note of unknown envelope',
      {
        from: 'Parcel Delivery Service <no-reply@parcels.example>',
        returnPath: undefined,
        subject: 'Delivery failed: we could not deliver your parcel',
        text: 'We were unable to deliver your parcel today.\n',
      },
    ],
    [
      'what a postmaster announces',
      {
        from: 'Postmaster <postmaster@example.org>',
        returnPath: '<postmaster@example.org>',
        subject: 'Maintenance of the mail service on Saturday',
        text: 'Mail may come late on Saturday. If a message has been delayed for long, call us.\n',
      },
    ],
    [
      'the errors of another system',
      {
        from: 'Nightly jobs <error@vendor.example>',
        returnPath: '<error@vendor.example>',
        subject: 'Weekly summary',
        text: 'Three jobs failed. An error occurred in the import.\n',
      },
    ],
    [
      'a TLS report (RFC 8460)',
      {
        from: 'noreply-smtp-tls-reporting@provider.example',
        subject: 'Report Domain: example.nhs.test Submitter: provider.example',
        type: 'multipart/report; report-type="tlsrpt"; boundary=b',
        text: '--b\n\nThis is an aggregate TLS report.\n\n--b\nContent-Type: application/tlsrpt+gzip\n\n\n--b--\n',
      },
    ],
    [
      'a leaver who writes with an empty envelope sender and no other sign',
      {
        subject: 'RE: Payment declaration reminder',
        text: 'I have left the practice. Mail to this address will be returned as undeliverable from October.\n',
      },
    ],
    [
      'a leaver who quotes what will be said to later mail',
      {
        subject: 'RE: Payment declaration reminder',
        text: 'I have left the practice. From October mail to me comes back with 550 5.1.1 User unknown.\n',
      },
    ],
    [
      'what a postmaster announces about addresses',
      {
        from: 'Postmaster <postmaster@example.org>',
        returnPath: '<postmaster@example.org>',
        subject: 'Our new addresses',
        text: 'From April use @example.net. Mail to old addresses, such as anna@example.org, will not be delivered.\n',
      },
    ],
    [
      'what a postmaster answers to a question about a bounce',
      {
        from: 'Postmaster <postmaster@example.org>',
        returnPath: '<postmaster@example.org>',
        subject: 'Re: Undeliverable: Payment declaration reminder',
        text: 'The mailbox was full and works again.\n\n> anna@example.org\n> 550 5.1.1 User unknown\n',
      },
    ],
    [
      'a notification of a ticket about a bounce',
      {
        from: 'Tickets <noreply@vendor.example>',
        returnPath: '<noreply@vendor.example>',
        subject: '[#12] Undeliverable mail to one of our users',
        text: 'New comment: mail to anna@example.org could not be delivered: 550 5.1.1 User unknown.\n',
      },
    ],
    [
      'a gateway’s list of mail that it holds for us',
      {
        from: 'Postmaster <postmaster@example.nhs.test>',
        returnPath: '<postmaster@example.nhs.test>',
        subject: '[Postmaster] Messages on hold for cqrs@example.nhs.test',
        text: 'These messages were blocked and not delivered to your mailbox:\n\nanna@example.org  Invoice\n',
      },
    ],
    [
      'a note without a sender, from an envelope that has one',
      {
        from: '',
        returnPath: '<anna@example.org>',
        subject: 'Declaration by unknown user',
        text: 'Ask help@example.org.\n',
      },
    ],
    [
      'an advertisement of a firm that is called as mail systems are',
      {
        from: 'Mailer Ltd <news@mailer.example>',
        returnPath: '<news+12@mailer.example>',
        subject: 'Bounce rates explained',
        text: 'A hard bounce reads "550 5.1.1 User unknown" and names an address such as anna@example.org.\n',
      },
    ],
    [
      'a mail system’s notice that reports nothing',
      {
        from: 'MAILER-DAEMON@mx.example.org',
        subject: 'Mail queue report',
        more: 'Auto-Submitted: auto-generated\r\n',
        text: 'Three messages in the queue.\n',
      },
    ],
  ])('%s', async (_, mail) => {
    expect(await kindAndAddress(letter(mail))).toEqual(['not-bounce', []]);
  });

  it.each<[string, string, string]>([
    ['a shared mailbox', 'Sample Surgery <postmaster@example.org>', 'Automatic reply: Payment declaration'],
    ['an administrator on leave', 'System Administrator <sysadmin@example.org>', 'Out of office: Payment declaration'],
    [
      'a mailbox that says no reply',
      'Sample Surgery <no-reply@example.org>',
      'Automatic reply: Undeliverable: Reminder',
    ],
    ['another language, in brackets', 'anna@example.org', '[Automatyczna odpowied\u017a] Payment declaration'],
  ])('%s that speaks of mail not delivered is an automatic reply', async (_, from, subject) => {
    for (const text of [
      'Anna has left the practice. Your email has not been delivered. Write to desk@example.org.\n',
      'The following address is closed: anna@example.org. Mail to it is refused with 550 5.1.1 User unknown.\n',
    ]) {
      const { kind } = await classifyReport(letter({ from, subject, text }));
      expect([text, kind]).toEqual([text, 'auto-reply']);
    }
  });

  it.each(['Precedence: bulk', 'X-Auto-Response-Suppress: All', 'In-Reply-To: <one@example.nhs.test>'])(
    'a responder with "%s" that quotes what will be said to later mail is none',
    async (sign) => {
      const text = 'Mail to jim@example.org comes back with 550 5.1.1 User unknown. Write to desk@example.org.\n';
      const mail = letter({ subject: 'We have moved', more: `${sign}\r\n`, text });
      expect(await kindAndAddress(mail)).toEqual(['auto-reply', ['anna@example.org']]);
    },
  );

  it('a mailbox that writes is there, whatever it says of itself', async () => {
    const text = 'I have left. From Friday mail to anna@example.org comes back with 550 5.1.1 User unknown.\n';
    expect((await classifyReport(letter({ subject: 'Mailbox closed', text }))).kind).not.toBe('hard');
  });

  it.each([
    ['[EXTERNAL] Fw: Undeliverable: Payment declaration', '550 5.1.1 <jim@example.org> User unknown\n'],
    ['Fw: Undeliverable: Payment declaration', 'See below.\n\n550 5.1.1 <jim@example.org> User unknown\n'],
    ['Your message', 'Why do I get this?\n\n> <jim@example.org>: host mx said: 550 5.1.1 User unknown\n'],
  ])('nor is what somebody passes on or quotes, as "%s"', async (subject, text) => {
    for (const from of ['Anna Sample <anna@example.org>', 'System Administrator <admin@example.org>']) {
      expect((await classifyReport(letter({ from, subject, text }))).kind).not.toBe('hard');
    }
  });

  it('a reply that a rule of a mailbox sends is automatic, whatever its subject', async () => {
    const mail = letter({
      subject: 'RE: Payment declaration reminder',
      more: 'X-MS-Exchange-Generated-Message-Source: Mailbox Rules Agent\r\nX-Auto-Response-Suppress: All\r\n',
      text: 'Anna has left. Mail to her could not be delivered: 550 5.1.1 User unknown.\n',
    });
    expect(await kindAndAddress(mail)).toEqual(['auto-reply', ['anna@example.org']]);
  });

  it.each<[string, Letter]>([
    [
      'an acknowledgement by Exchange that names no message',
      {
        subject: 'Thank you for contacting Sample Surgery',
        more: 'Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\n',
        text: 'This mailbox is not read. If your message could not be delivered to a team we will call you.\n',
      },
    ],
    [
      'an absence as Domino words it',
      {
        returnPath: '<anna@example.org>',
        subject: 'Anna Sample is out of the office',
        more: 'Auto-Submitted: auto-generated\r\n',
        text: 'I will return on Monday.\n',
      },
    ],
    [
      'a gateway’s list of mail that it holds for us',
      {
        from: 'Postmaster <anna@example.org>',
        subject: '[Postmaster] Messages on hold for cqrs@example.nhs.test',
        more: 'Auto-Submitted: auto-generated\r\n',
        text: 'These messages were blocked and not delivered to your mailbox:\n\nanna@example.org  Invoice\n',
      },
    ],
    ['a leave that a vacation program announces', { subject: 'Annual leave until 4 May', text: 'Back on Monday.\n' }],
    ['an absence behind the subject', { subject: 'Payment declaration (Out of office)', text: 'Back on Monday.\n' }],
    ...[
      'Precedence: bulk',
      'Precedence: junk',
      'X-Auto-Response-Suppress: All',
      'In-Reply-To: <one@example.nhs.test>',
      'References: <one@example.nhs.test>',
    ].map((sign): [string, Letter] => [
      `an acknowledgement from no envelope sender, with "${sign}"`,
      { subject: 'Thank you for your email', more: `${sign}\r\n`, text: 'We answer within two days.\n' },
    ]),
    ...[
      'X-Autoresponder: Sample Desk',
      'X-FC-MachineGenerated: true',
      'X-POST-MessageClass: 9; Autoresponder',
      'Delivered-To: Autoresponder',
    ].map((field): [string, Letter] => [
      `an acknowledgement by a responder that writes "${field}"`,
      {
        returnPath: '<anna@example.org>',
        subject: 'Thank you for your email',
        more: `${field}\r\n`,
        text: 'We answer within two days.\n',
      },
    ]),
    ...[
      'Autosvar: Reminder',
      '自动答复: Reminder',
      '[Request received] Reminder',
      '[EXTERNAL] Automatic reply: Reminder',
      'EXT: Automatic reply: Reminder',
      'Automātiska atbilde: Reminder',
      'Automatinis atsakymas: Reminder',
      'Automatski odgovor: Reminder',
    ].map((subject): [string, Letter] => [subject, { returnPath: '<anna@example.org>', subject, text: '…\n' }]),
    [
      'a closed mailbox that quotes what will be said to later mail',
      {
        subject: 'This mailbox is no longer monitored',
        more: 'Auto-Submitted: auto-generated\r\n',
        text: 'Write to desk@example.org. From October mail comes back with 550 5.1.1 User unknown.\n',
      },
    ],
  ])('%s is an automatic reply', async (_, mail) => {
    expect(await kindAndAddress(letter(mail))).toEqual(['auto-reply', ['anna@example.org']]);
  });

  it.each([
    'RE: out of office cover in August',
    'Who is out of the office on Friday?',
    'Annual leave cover for declarations',
    'Absence of our practice from CQRS',
    'Re: Automatic reply: Payment declaration',
  ])('a person who writes "%s" is a person', async (subject) => {
    const mail = letter({ returnPath: '<anna@example.org>', subject, text: 'Can you tell me?\n' });
    expect(await kindAndAddress(mail)).toEqual(['not-bounce', []]);
  });
});

describe('bounces that say it in another way', () => {
  it('under a subject that nobody knows, with nothing returned', async () => {
    const text = 'The following address was not found in our directory: gone@example.org\nIt was not delivered.\n';
    const mail = letter({ from: 'postmaster@example.org', subject: 'Votre message', text });
    expect(await kindAndAddress(mail)).toEqual(['soft', ['gone@example.org']]);
  });

  it.each([
    'ndr@mx.example.org',
    'InterScan MSS <imss@example.org>',
    'Symantec_AntiVirus_for_SMTP_Gateways@example.org',
  ])('by %s, a mail system that signs the envelope', async (from) => {
    const text =
      'Your message could not be delivered to the following recipients:\n\n<gone@example.org>: mailbox full\n';
    const mail = letter({ from, returnPath: `<${from}>`, subject: 'Delivery failure notification', text });
    expect(await kindAndAddress(mail)).toEqual(['soft', ['gone@example.org']]);
  });

  it.each<[string, Letter, ReportKind]>([
    [
      'Outlook in German, without a code',
      {
        from: EXCHANGE,
        subject: 'Unzustellbar: Erinnerung',
        text: 'Ihre Nachricht an gone@example.org konnte nicht zugestellt werden.\ngone wurde unter example.org nicht gefunden.\nUnbekannte Empfängeradresse\n',
      },
      'hard',
    ],
    [
      'Gmail in Spanish, without the answer',
      {
        from: 'Mail Delivery Subsystem <mailer-daemon@googlemail.com>',
        subject: 'Delivery Status Notification (Failure)',
        text: '** No se ha encontrado la dirección **\n\nTu mensaje no se ha entregado a gone@example.org porque no se ha encontrado la dirección.\n',
      },
      'hard',
    ],
    [
      'Domino in German',
      {
        from: 'Mail Router <MAILER-DAEMON@domino.example.org>',
        subject: 'ZUSTELLFEHLER: Benutzer gone nicht im Domino-Verzeichnis aufgeführt',
        text: 'Ihre Nachricht\n\n  Betreff: Erinnerung\n\nwurde nicht zugestellt an:\n\n  gone@example.org\n\nweil:\n\n  Benutzer gone (gone@example.org) nicht im Domino-Verzeichnis aufgeführt\n',
      },
      'hard',
    ],
    [
      'Amavis, which took it for spam',
      {
        from: 'Content-filter at mx.example.org <postmaster@example.org>',
        subject: 'Considered UNSOLICITED BULK EMAIL, apparently from you',
        text: 'A message from <cqrs@example.nhs.test> to:\n-> gone@example.org\n\nwas considered unsolicited bulk e-mail (UBE).\n\nDelivery of the email was stopped!\n',
      },
      'soft',
    ],
  ])('%s', async (_, mail, kind) => {
    expect(await kindAndAddress(letter(mail))).toEqual([kind, ['gone@example.org']]);
  });

  it('by a mail system without a name', async () => {
    const text = 'You sent mail to gone@example.org. That is not a valid user here.\n';
    const mail = letter({ from: '<>', subject: '', more: 'Auto-Submitted: auto-replied\r\n', text });
    expect(await kindAndAddress(mail)).toEqual(['soft', ['gone@example.org']]);
  });

  it('by a mail system that could not read it, whatever a mirror adds', async () => {
    const mail = letter({
      from: 'MAILER-DAEMON@mx.example.org',
      subject: 'Processing Error',
      more: 'X-Autogenerated: Mirror\r\n',
      text: 'Intended recipient: gone@example.org\n\nThis mail has been returned because of an error in processing.\n',
    });
    expect(await kindAndAddress(mail)).toEqual(['soft', ['gone@example.org']]);
  });

  it('in Windows-1252, of which some versions of Node read the quotes as control characters', async () => {
    const text = 'Your message to gone@example.org couldn\x92t be delivered.\n\ngone wasn\x92t found at example.org.\n';
    const raw = letter({ from: EXCHANGE, subject: 'Undeliverable', type: 'text/plain; charset=windows-1252', text });
    expect(await kindAndAddress(Buffer.from(raw, 'latin1'))).toEqual(['hard', ['gone@example.org']]);
  });

  it.each([
    ['failed', 'NXDOMAIN', 'hard'],
    ['delayed', 'NXDOMAIN', 'soft'],
    ['failed', 'SERVFAIL', 'soft'],
  ])('by Gmail, which says 4.0.0 of every answer of the DNS: %s, %s is %s', async (action, answer, kind) => {
    const said = `smtp; DNS Error: DNS type 'mx' lookup of example.org responded with code ${answer}`;
    const status = `Final-Recipient: rfc822; gone@example.org\nAction: ${action}\nStatus: 4.0.0\nDiagnostic-Code: ${said}`;
    expect(await kindAndAddress(report(status))).toEqual([kind, ['gone@example.org']]);
  });

  it('by Outlook.com, whose 5.5.0 means an unknown mailbox only in these words', async () => {
    const saying = (text: string) =>
      report(
        `Final-Recipient: rfc822; gone@example.org\nAction: failed\nStatus: 5.5.0\nDiagnostic-Code: smtp; 550 5.5.0 ${text}`,
      );
    expect(await kindAndAddress(saying('Requested action not taken: mailbox unavailable (S2017062302).'))).toEqual([
      'hard',
      ['gone@example.org'],
    ]);
    expect(await kindAndAddress(saying('Requested action not taken'))).toEqual(['soft', ['gone@example.org']]);
  });
});
