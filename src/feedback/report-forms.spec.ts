import { classifyReport } from './classify-report.js';
import type { Reason, RecipientKind } from './report.types.js';

/** What a mail system wrote, as it would reach `me@example.com`. */
interface Form {
  readonly from?: string;
  readonly subject?: string;
  readonly type?: string;
  readonly text: string;
}

const form = ({ from = 'MAILER-DAEMON@mx.example.com', subject = 'failure notice', type, text }: Form): string =>
  [
    ...['Return-Path: <>', `From: ${from}`, 'To: me@example.com', `Subject: ${subject}`],
    ...[`Content-Type: ${type ?? 'text/plain; charset=utf-8'}`, '', text],
  ].join('\n');

const status = (fields: string, more = ''): string =>
  form({
    type: 'multipart/report; report-type=delivery-status; boundary=b',
    text: `--b\n\n${more}\n\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.com\n\n${fields}\n\n--b--\n`,
  });
const failed = (code: string, diagnostic: string): string =>
  status(`Final-Recipient: rfc822; gone@example.org\nAction: failed\nStatus: ${code}\nDiagnostic-Code: ${diagnostic}`);

type Found = readonly [address: string | null, kind: RecipientKind, reason: Reason];
const gone: Found = ['gone@example.org', 'hard', 'userunknown'];
const soft = (reason: Reason): Found => ['gone@example.org', 'soft', reason];

const read = async (raw: Buffer | string): Promise<Found[]> =>
  (await classifyReport(raw)).recipients.map(({ address, kind, reason }) => [address, kind, reason]);

describe('an address that is gone, in the forms of', () => {
  it.each<[string, string]>([
    ['smail', form({ text: '| Failed addresses follow: |\n <gone@example.org> ... unknown user\n' })],
    [
      'CommuniGate, whose Final-Recipient is no address',
      status(
        'Original-Recipient: rfc822;<gone@example.org>\nFinal-Recipient: LOCAL;<gone>\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: x-cgp; unknown user account',
      ),
    ],
    [
      'CommuniGate again, which quotes the answer in its prose alone',
      status(
        'Original-Recipient: rfc822;<gone@example.org>\nFinal-Recipient: system;<gone@example.org>\nAction: failed\nStatus: 5.0.0',
        "Failed to deliver to '<gone@example.org>'\nSMTP module(domain example.org) reports:\n mx.example.org: 550 5.1.1 unknown user",
      ),
    ],
    [
      'a relay that passes the status part on as a file',
      failed('5.1.1', 'smtp; 550 5.1.1 user unknown').replace('message/delivery-status', 'application/octet-stream'),
    ],
    [
      'IPSwitch IMail, which tells the command',
      form({
        from: 'Postmaster <postmaster@mx.example.com>',
        subject: 'Undeliverable Mail',
        text: 'Unknown user: gone@example.org\n\nRCPT TO generated following response:\n553 5.3.0 <gone@example.org>... Addressee unknown\n',
      }),
    ],
    [
      'an X.400 gateway',
      status(
        'Original-Recipient: rfc822; gone@example.org\nFinal-Recipient: x400; /S=GONE/O=EXAMPLE/C=GB/\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: X400; 1 0 (Unrecognised OR Name)',
      ),
    ],
    [
      'a Cisco gateway, which has met it at RCPT',
      failed('5.0.0', "smtp; 5.1.0 - Unknown address error 550-'No such user - psmtp' (delivery attempts: 0)"),
    ],
    [
      'Gmail of old, whose state 14 is RCPT',
      form({
        text: 'Delivery to the following recipient failed permanently:\n\n     gone@example.org\n\nThe error that the other server returned was: 550 550 Unknown user (state 14)\n',
      }),
    ],
    [
      'Domino in French',
      form({
        text: "Votre message n'a pas été remis à :\n\n  gone@example.org\n\nparce que :\n\n  L'utilisateur gone n'est pas répertorié dans l'annuaire Domino\n",
      }),
    ],
    [
      'a Chinese provider, which writes on without a space',
      form({
        from: 'Postmaster@provider.example',
        subject: '系统退信',
        type: 'text/html; charset=utf-8',
        text: '<p>收件人：gone@example.org</p><p>退信原因：收件人邮件地址（gone@example.org）不存在，邮件无法送达。</p><p>RCPT TO: host 192.0.2.1: 550 User not found: gone@example.org</p>',
      }),
    ],
    ...(
      [
        ['Polish', 'ponieważ nie znaleziono tego adresu lub nie może on odbierać poczty.'],
        ['Russian', 'потому что адрес не найден или не принимает входящие сообщения.'],
        ['Turkish', 'çünkü adres bulunamadı veya posta alamıyor.'],
        ['Japanese', 'アドレスが見つからないか、メールを受信できないため、メールは配信されませんでした。'],
      ] as const
    ).map(([language, words]): [string, string] => [
      `Gmail in ${language}`,
      form({ subject: 'Delivery Status Notification (Failure)', text: `gone@example.org: ${words}\n` }),
    ]),
    ...(
      [
        ['Dutch', 'Onbestelbaar', 'Het ingevoerde e-mailadres kan niet worden gevonden.'],
        ['French', 'Non remis ', "L'adresse de courrier que vous avez entrée est introuvable."],
        ['Portuguese', 'Não é possível entregar', 'O endereço de email que introduziu não foi encontrado.'],
        ['Polish', 'Niedostarczone', 'Nie można odnaleźć wprowadzonego adresu e-mail.'],
        ['Danish', 'Kan ikke leveres', 'Den mailadresse, du angav, blev ikke fundet.'],
        ['Russian', 'Не удается доставить', 'Не удалось найти указанный адрес электронной почты.'],
        ['Turkish', 'Teslim edilemedi', 'Girdiğiniz e-posta adresi bulunamadı.'],
        ['Finnish', 'Ei voi toimittaa', 'Antamaasi sähköpostiosoitetta ei löytynyt.'],
        ['Hungarian', 'Kézbesíthetetlen', 'A megadott e-mail cím nem található.'],
      ] as const
    ).map(([language, subject, words]): [string, string] => [
      `Exchange in ${language}`,
      form({
        from: 'Microsoft Outlook <postmaster@example.org>',
        subject: `${subject}: Payment`,
        text: `gone@example.org\n${words}\n`,
      }),
    ]),
    [
      'Exchange in Swedish, in which "ssl" is part of a word',
      form({
        from: 'postmaster@example.se',
        subject: 'Kan inte leverera: Payment',
        text: 'Leveransen till följande mottagare misslyckades:\n\ngone@example.org\nE-postadressen du angav kunde inte hittas.\n',
      }),
    ],
    [
      'Exchange in Chinese, whose subject is bare UTF-8',
      form({
        from: 'postmaster@example.cn',
        subject: '未送达: Payment',
        text: '传递到下列收件人或组失败:\n\ngone@example.org\n找不到您输入的电子邮件地址。\n',
      }),
    ],
  ])('%s', async (_, raw) => {
    expect(await read(raw)).toEqual([gone]);
    expect(await read(Buffer.from(raw))).toEqual([gone]);
  });

  it('Gmail, which asks to try again although the domain is gone', async () => {
    const text =
      "Your message wasn't delivered to gone@example.org because the domain example.org couldn't be found. Check for typos or unnecessary spaces and try again.\n\nThe response was:\nDNS Error: DNS type 'mx' lookup of example.org responded with code NXDOMAIN\n";
    const raw = form({ subject: 'Delivery Status Notification (Failure)', text });
    expect(await read(raw)).toEqual([['gone@example.org', 'hard', 'hostunknown']]);
  });

  it('hMailServer, which finds no server in a domain without any', async () => {
    const text =
      "The following recipient(s) could not be reached:\n\ngone@example.org\n   Error Type: DNS\n   Error Description: No mail servers appear to exists for the recipient's address.\n";
    const raw = form({ from: 'mailer-daemon@mail.example.com', subject: 'Message undeliverable: Reminder', text });
    expect(await read(raw)).toEqual([['gone@example.org', 'hard', 'hostunknown']]);
  });

  it.each([
    ['little', [0xff, 0xfe], (bytes: Buffer) => bytes],
    ['big', [0xfe, 0xff], (bytes: Buffer) => bytes.swap16()],
  ] as const)('UTF-16 with the %s end first', async (_, mark, order) => {
    const said = 'Your message could not be delivered.\n\n<gone@example.org>: 550 5.1.1 User unknown\n';
    const text = Buffer.concat([Buffer.from(mark), order(Buffer.from(said, 'utf16le'))]).toString('base64');
    const raw = form({ type: 'text/plain; charset=utf-16\nContent-Transfer-Encoding: base64', text });
    expect(await read(raw)).toEqual([gone]);
  });
});

describe('an address that is there, in words that sound as if it were gone', () => {
  it.each<[string, string, Reason]>([
    [
      'Exchange, which holds a faulty entry',
      failed('5.1.4', 'smtp;550 5.1.4 RESOLVER.ADR.BadPrimary; recipient primary SMTP address is missing or invalid'),
      'systemerror',
    ],
    [
      'Exchange, whose public folder is on the move',
      failed('5.1.6', 'smtp;550 5.1.6 RESOLVER.ADR.MigratedPublicFolder; unable to send to migrated public folder'),
      'systemerror',
    ],
    [
      'Exchange, which holds two',
      failed('5.1.4', 'smtp;550 5.1.4 RESOLVER.ADR.Ambiguous; ambiguous address'),
      'systemerror',
    ],
    [
      'Domino, which holds two',
      failed('5.0.0', 'X-Notes; User gone not unique. Several matches found in Domino Directory.'),
      'systemerror',
    ],
    [
      'a program that mail is piped to',
      failed('5.3.0', 'X-Postfix; Command died with status 1: "/usr/bin/vacation". Command output: jane: user unknown'),
      'mailererror',
    ],
    [
      'Gmail of old, whose state 18 comes after the message',
      form({ text: 'gone@example.org\n\nThe error was: 550 550 Unknown user (state 18).\n' }),
      'filtered',
    ],
    [
      'Postfix, in prose beside a status part that tells nothing but the name',
      status(
        'Final-Recipient: rfc822; gone@example.org',
        '<gone@example.org>: host mx.example.org said: 450 4.1.1 User unknown in local recipient table',
      ),
      'userunknown',
    ],
    [
      'Postfix, likewise, of a name service that did not answer',
      status(
        'Final-Recipient: rfc822; gone@example.org',
        '<gone@example.org>: Name service error for name=example.org type=MX: Host not found, try again',
      ),
      'networkerror',
    ],
    [
      'a German server that the name service did not know for a while',
      form({
        subject: 'Unzustellbar',
        text: 'Nicht zugestellt an gone@example.org: Der Server des Empfängers wurde nicht gefunden.\n',
      }),
      'undefined',
    ],
  ])('%s', async (_, raw, reason) => {
    expect(await read(raw)).toEqual([soft(reason)]);
  });
});

describe('causes told in the same words, of which the code says which', () => {
  it.each<[string, string, Found]>([
    ['5.2.3', '552 5.2.3 Message size exceeds fixed maximum message size', soft('exceedlimit')],
    ['5.3.4', '552 5.3.4 Message size exceeds fixed maximum message size', soft('mesgtoobig')],
    ['5.2.3', '550 5.2.3 RESOLVER.RST.RecipSizeLimit; message too large for this recipient', soft('mesgtoobig')],
    ['5.1.6', '551 5.1.6 User not local; please try <new@example.net>', ['gone@example.org', 'hard', 'hasmoved']],
    ['5.7.1', '551 5.7.1 User not local; please try <new@example.net>', soft('norelaying')],
    ['5.7.1', '550 5.7.1 no access from mail server [192.0.2.5] which is an open relay', soft('blocked')],
    ['5.7.1', '550 5.7.1 This is not an open relay', soft('norelaying')],
    ['5.7.57', '530 5.7.57 SMTP; Client was not authenticated to send anonymous mail', soft('securityerror')],
  ])('%s: %s', async (code, diagnostic, found) => {
    expect(await read(failed(code, `smtp; ${diagnostic}`))).toEqual([found]);
  });

  it('time was up: for a name that could not be looked up, or for a server that did not answer', async () => {
    const late = (transcript: string): string =>
      status('Final-Recipient: rfc822; gone@example.org\nAction: failed\nStatus: 4.4.7', transcript);
    expect(await read(late('Deferred: Name server: mx.example.org.: host name lookup failure'))).toEqual([
      soft('networkerror'),
    ]);
    expect(await read(late('Unable to connect to the destination mail server.'))).toEqual([soft('expired')]);
  });
});

describe('recipients', () => {
  it('with an apostrophe in the name keep it, and lose the quotes around them', async () => {
    const prose = (written: string): string => form({ text: `${written}:\nSorry, no mailbox here by that name.\n` });
    const mary: Found = ["mary.o'brien@example.org", 'hard', 'userunknown'];
    expect(await read(prose("<mary.o'brien@example.org>"))).toEqual([mary]);
    expect(await read(prose("'mary.o'brien@example.org'"))).toEqual([mary]);
    expect(await read(prose("'gone@example.org'"))).toEqual([gone]);
    const fields = "Final-Recipient: rfc822;mary.o'brien@example.org\nAction: failed\nStatus: 5.1.1";
    expect(await read(status(fields))).toEqual([mary]);
  });

  it('are looked for in the prose, and in the message that came back, where the status part names no address', async () => {
    const fields = 'Final-Recipient: rfc822;/o=Example/cn=Recipients/cn=gone\nAction: failed\nStatus: 5.1.1';
    expect(await read(status(fields, 'Delivery has failed to:\n\n  gone@example.org\n'))).toEqual([gone]);
    const returned =
      '--b\nContent-Type: message/rfc822\n\nFrom: me@example.com\nTo: gone@example.org\n\nHello\n--b--\n';
    expect(await read(status(fields).replace('--b--\n', returned))).toEqual([gone]);
    const two = fields.replaceAll('gone', 'jim');
    expect((await read(status(`${fields}\n\n${two}`, 'gone@example.org'))).map(([address]) => address)).not.toContain(
      'gone@example.org',
    );
  });

  it('are told apart where the empty line between them is missing', async () => {
    const fields = (name: string, code: string): string =>
      `Original-Recipient: rfc822;${name}@example.org\nFinal-Recipient: rfc822;${name}@example.net\nAction: failed\nStatus: ${code}`;
    expect(await read(status(`${fields('gone', '5.1.1')}\n${fields('full', '5.2.2')}`))).toEqual([
      gone,
      ['full@example.org', 'soft', 'mailboxfull'],
    ]);
  });

  it.each([
    'Your message was successfully delivered to the following recipient:\n\n  gone@example.org\n',
    'Ihre Nachricht wurde erfolgreich zugestellt an:\n\n  gone@example.org\n',
    'Delivery to these recipients or groups is complete, but no notification was sent by the destination:\n\ngone@example.org\n',
  ])('have got the message where prose says so: %s', async (text) => {
    const raw = form({ from: 'postmaster@example.org', subject: 'Delivery report', text });
    expect(await read(raw)).toEqual([['gone@example.org', 'delivered', 'delivered']]);
  });

  it('are told once, however often a chain of aliases names them', async () => {
    const fields = 'Final-Recipient: rfc822;gone@example.org\nAction: failed\nStatus: 5.1.1';
    const other = fields.replace('5.1.1', '5.2.2');
    expect(await read(status([fields, fields, other].join('\n\n')))).toEqual([gone, soft('mailboxfull')]);
  });

  it('are not named with the reply code in front of them', async () => {
    const text =
      '<gone@example.org>: host mx said:\n550-gone@example.org is not an active address at this host\n550 (in reply to RCPT TO command)\n';
    expect(await read(form({ text }))).toEqual([gone]);
  });

  it('are those that are called so, not those of the header that the report sums up', async () => {
    const text =
      'This report relates to a message you sent with these fields:\n\n  To: list@example.net\n\nRecipient address: gone@example.org\nReason: unknown or illegal alias\n';
    expect(await read(form({ from: 'postmaster@example.org', subject: 'Delivery has failed', text }))).toEqual([gone]);
  });

  it('are named in any script, as a report of seven bits writes them (RFC 6533)', async () => {
    const fields = (name: string): string =>
      `Final-Recipient: utf-8; ${name}\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 User unknown`;
    const jane: Found = ['jäne@example.org', 'hard', 'userunknown'];
    expect(await read(status(fields('j\\x{E4}ne@example.org')))).toEqual([jane]);
    expect(await read(status(fields('jäne@example.org')))).toEqual([jane]);
    const [[wrong] = []] = await read(status(fields('j\\x{110000}ne@example.org')));
    expect(wrong).not.toContain('\\x');
  });

  it('are named in scripts that write without spaces too', async () => {
    const fields = 'Final-Recipient: utf-8; 用户@例子.example\nAction: failed\nStatus: 5.1.1';
    expect(await read(status(fields))).toEqual([['用户@例子.example', 'hard', 'userunknown']]);
  });

  it('are those that were written to, not the forms that addresses have here', async () => {
    const text =
      'Addresses here have the form surname@example.org. The address to which your message was addressed, gone@example.org, matches none.\n\nYou may mean: jane@example.org, jim@example.org\n';
    const [[address] = []] = await read(form({ from: 'postmaster@example.org', subject: 'Failed mail', text }));
    expect(address).toBe('gone@example.org');
  });

  it('may stand in square brackets', async () => {
    const text =
      'Delivery has failed to these (ask desk@example.net):\n\n* [gone@example.org]: 550 gone@example.org...User account is overquota\n';
    expect(await read(form({ text }))).toEqual([soft('mailboxfull')]);
  });

  it('share the cause that is told before any of them is named', async () => {
    const text =
      'Your message was not delivered because the destination was not reachable within the allowed queue period.\n\nThese did not receive it:\n\n<gone@example.org>\n<jim@example.org>\n';
    const late = (address: string): Found => [address, 'soft', 'expired'];
    expect(await read(form({ text }))).toEqual([late('gone@example.org'), late('jim@example.org')]);
    const transcript = '>>> RCPT To:<gone>\n<<< 550 5.1.1 User unknown\n<gone@example.org>\n<jim@example.org>\n';
    expect(await read(form({ text: transcript }))).toEqual([gone, ['jim@example.org', 'soft', 'undefined']]);
  });

  it('are told apart by the command that names them, whose answer follows it (Courier)', async () => {
    const refusal = (address: string, answer: string): string =>
      `<${address}>:\n    mx.example.org [192.0.2.25]:\n>>> RCPT TO:<${address}>\n<<< ${answer}\n`;
    const text = `Your message to the following recipients cannot be delivered:\n\n${refusal('gone@example.org', '550 No such user here')}\n${refusal('jim@example.org', '554 denied')}`;
    expect(await read(form({ subject: 'NOTICE: mail delivery status.', text }))).toEqual([
      gone,
      ['jim@example.org', 'soft', 'undefined'],
    ]);
  });

  it.each([
    ['jim@example.org', 'full-jim@example.org'],
    ['jim@example.org', 'jim@example.org.uk'],
  ])('are told apart where the address of one, %s, is a part of the address of another, %s', async (short, long) => {
    const text = `<${short}>:\nThe mailbox is full.\n\n<${long}>:\nSorry, no mailbox here by that name. (#5.1.1)\n`;
    expect(await read(form({ text }))).toEqual([
      [short, 'soft', 'mailboxfull'],
      [long, 'hard', 'userunknown'],
    ]);
  });

  it('have not got it where another has', async () => {
    const text =
      'The message was successfully delivered to:\n  ok@example.org\n\nDelivery failed for:\n  gone@example.org: 550 5.1.1 user unknown\n';
    const raw = form({ from: 'postmaster@example.org', subject: 'Delivery report', text });
    expect(await read(raw)).toContainEqual(gone);
  });
});

describe('what stands around a report', () => {
  it('is no answer where the status part needs none: houses have numbers', async () => {
    const signed = 'Delivery failed.\n\nSample Hosting, 450 Main Street, Sampleton\n';
    const code = 'Final-Recipient: rfc822;gone@example.org\nAction: failed\nStatus: 5.1.1';
    expect(await read(status(code, signed))).toEqual([gone]);
  });

  it('is not taken for its cause: gateways sign that they found no virus', async () => {
    const signed =
      'Delivery to the following recipients failed.\n\n  gone@example.org\n\n____\nThis email has been scanned for viruses and spam by Sample Security.\n';
    const code = 'Final-Recipient: rfc822;gone@example.org\nAction: failed\nStatus: 5.1.1';
    expect(await read(status(code, signed))).toEqual([gone]);
  });

  it('is no sign that the trouble passes, where a code says that it does not', async () => {
    const advice = 'Delivery failed: host not found. Please check the address and try again later.\n';
    const coded = (code: string): string =>
      status(`Final-Recipient: rfc822;gone@example.org\nAction: failed\nStatus: ${code}`, advice);
    for (const code of ['5.1.1', '5.1.2', '5.4.4']) {
      expect((await read(coded(code))).map(([, kind]) => [code, kind])).toEqual([[code, 'hard']]);
    }
  });

  it.each([
    '---- START OF RETURNED MESSAGE ----',
    '-- The header and top 20 lines of the message follows --',
    'The first 50 lines of your original message follow:',
    '==========',
  ])('is not taken for recipients: %s', async (mark) => {
    const returned = `Received: from mx.example.com by mx.example.org\nList-Help: <mailto:list-request@example.net?subject=help>\n <list@example.net>: 550 5.1.1 listed\n`;
    const text = `<gone@example.org>: the mailbox is full.\n\n${mark}\n${returned}`;
    expect(await read(form({ text }))).toEqual([soft('mailboxfull')]);
  });

  it.each(['Original Message ID: <one@example.com>', 'Original Message Details', 'Message Headers Size: 3 KB'])(
    'does not end where the report names the message: %s',
    async (line) => {
      const text = `Your message could not be delivered.\n\n${line}\nRcpt To: gone@example.org\n\nOutput: 550 5.1.1 User unknown\n`;
      expect(await read(form({ from: 'postmaster@example.org', subject: 'Mail Delivery Failed', text }))).toEqual([
        gone,
      ]);
    },
  );

  it('nor is the sender whom it names in its summary', async () => {
    const text =
      "Your message couldn't be delivered.\n\nSender Address: writer@example.com\nRecipient Address: gone@example.org\n\nReported error: 550 5.1.1 User unknown\n";
    expect(await read(form({ from: 'postmaster@example.org', subject: 'Undeliverable', text }))).toEqual([gone]);
  });

  it('nor is a practice that has moved house, and says so under all its mail', async () => {
    const signed =
      'Your message was rejected.\n\n____\nPlease note that our address has changed: our new address is 1 High Street, Sampleton.\n';
    const code =
      'Final-Recipient: rfc822;gone@example.org\nAction: failed\nStatus: 5.7.1\nDiagnostic-Code: smtp;550 5.7.1 Rejected';
    expect(await read(status(code, signed))).toEqual([soft('securityerror')]);
    const told = signed.replace('Your message was', 'Your message to gone@example.org was');
    expect(await read(form({ from: 'postmaster@example.org', subject: 'Undeliverable', text: told }))).toEqual([
      soft('undefined'),
    ]);
    const moved = 'Your message to gone@example.org was rejected. The new address is new@example.org.';
    expect(await read(form({ from: 'postmaster@example.org', subject: 'Undeliverable', text: moved }))).toEqual([
      ['gone@example.org', 'hard', 'hasmoved'],
    ]);
  });

  it('nor is the sender whom they do not want', async () => {
    const text =
      'Your mail could not be delivered to these, who are not accepting mail from list@example.net:\n\n gone\n';
    const [[address] = []] = await read(form({ text }));
    expect(address).toBeNull();
  });
});

describe('a refusal in the form of a receipt', () => {
  const refused = (more: string, text: string): string =>
    [
      ...['Return-Path: <>', 'From: Mail Delivery Subsystem <postmaster@example.org>', 'To: me@example.com'],
      ...['Subject: Automatically rejected mail', `Auto-Submitted: auto-replied${more}`],
      'Content-Type: multipart/report; report-type=disposition-notification; boundary=b',
      `\n--b\n\n${text}\n\n--b\nContent-Type: message/disposition-notification\n`,
      'Final-Recipient: rfc822; gone@example.org\nDisposition: automatic-action/MDN-sent-automatically; deleted\n\n--b--\n',
    ].join('\n');

  it('is a bounce (Dovecot, RFC 5429)', async () => {
    const text = 'Your message to <gone@example.org> was automatically rejected:\nQuota exceeded';
    expect(await read(refused(' (rejected)', text))).toEqual([soft('mailboxfull')]);
    expect(await read(refused('', text))).toEqual([soft('mailboxfull')]);
  });

  it('says nothing of the address, whoever the owner says has left', async () => {
    const text = 'Your message to <gone@example.org> was automatically rejected:\nAnna does not exist here any more.';
    expect((await read(refused(' (rejected)', text))).map(([, kind]) => kind)).toEqual(['soft']);
  });
});

describe('advice to the reader', () => {
  const advice = [
    "If the address couldn't be found, check its spelling. If the host was not found, check the domain.",
    'Common reasons are: the address was mistyped, the host was not found, or the mailbox does not exist.',
    "A 550 usually means that the recipient's e-mail address was not found in the recipient's e-mail system.",
    'The domain may have expired; perhaps the host was not found.',
  ];
  const around = (words: string, text: string): string => `Not delivered:\n\n<gone@example.org>: ${words}\n\n${text}\n`;

  it.each(advice)('takes no address for gone beside an answer that does not: %s', async (text) => {
    for (const [code, words] of [
      ['5.0.0', '550 Rejected'],
      ['5.3.0', '554 rejected'],
      ['5.7.0', '550 denied'],
    ] as const) {
      const fields = `Final-Recipient: rfc822; gone@example.org\nAction: failed\nStatus: ${code}`;
      const report = status(`${fields}\nDiagnostic-Code: smtp; ${words}`, around(words, text));
      expect((await read(report)).map(([, kind]) => kind)).toEqual(['soft']);
    }
    expect((await read(form({ text: around('550 Rejected', text) }))).map(([, kind]) => kind)).toEqual(['soft']);
  });

  it.each(advice)('takes no address for gone where nothing else is said: %s', async (text) => {
    expect((await read(form({ text: around('', text) }))).map(([, kind]) => kind)).toEqual(['soft']);
  });

  it('leaves what is told as a fact', async () => {
    const text = around(
      "The recipient's e-mail address was not found in the recipient's e-mail system.",
      advice[0] ?? '',
    );
    expect(await read(form({ text }))).toEqual([gone]);
  });
});

describe('an answer that names whoever wrote', () => {
  const from = (answer: string): string =>
    form({
      type: 'multipart/report; report-type=delivery-status; boundary=b',
      text: [
        '--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.com\n',
        `Final-Recipient: rfc822; gone@example.org\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; ${answer}\n`,
        '--b\nContent-Type: text/rfc822-headers\n\nFrom: CQRS <cqrs@example.com>\nTo: gone@example.org\n\n--b--\n',
      ].join('\n'),
    });

  it('blames no recipient for it', async () => {
    expect(await read(from('550 5.1.1 <CQRS@example.com>: no such user'))).toEqual([soft('rejected')]);
  });

  it('is about the recipient where it names both', async () => {
    expect(await read(from('550 5.1.1 from=<cqrs@example.com> to=<gone@example.org>: no such user'))).toEqual([gone]);
  });
});

describe('a complaint', () => {
  it.each(['staff@hotmail.com', 'junk-reports@example.net'])('from %s in the form before RFC 5965', async (from) => {
    const raw = [
      `Return-Path: ${from}\nFrom: ${from}\nTo: abuse@example.com\nSubject: complaint about message from 192.0.2.7`,
      'Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n',
      'X-HmXmrOriginalRecipient: gone@example.org\nFrom: me@example.com\nTo: Gone <gone@example.org>',
      'Message-ID: <one@example.com>\n\nHello\n\n--b--\n',
    ].join('\n');
    const report = await classifyReport(raw);
    expect(report).toMatchObject({ kind: 'complaint', references: { originalMessageId: 'one@example.com' } });
    expect(report.recipients.map(({ address }) => address)).toEqual(['gone@example.org']);
  });

  it('with the header of our message under a type that nobody registered', async () => {
    const raw = [
      'From: fbl@example.net\nTo: abuse@example.com\nSubject: FW: Reminder',
      'Content-Type: multipart/report; report-type=feedback-report; boundary=b\n\n--b\n\nAn opt-out report.\n',
      '--b\nContent-Type: message/feedback-report\n\nFeedback-Type: opt-out\nRemoval-Recipient: gone@example.org\n',
      '--b\nContent-Type: text/rfc822-header\n\nFrom: me@example.com\nMessage-ID: <one@example.com>\n\n--b--\n',
    ].join('\n');
    const expected = {
      kind: 'complaint',
      feedbackType: 'opt-out',
      references: { originalMessageId: 'one@example.com' },
    };
    expect(await classifyReport(raw)).toMatchObject(expected);
  });
});

describe('a notification of Amazon SES', () => {
  const bounce = (type: string, subType: string): string =>
    JSON.stringify({
      notificationType: 'Bounce',
      mail: {},
      bounce: {
        bounceType: type,
        bounceSubType: subType,
        bouncedRecipients: [{ emailAddress: 'gone@example.org' }],
      },
    });

  it.each<[string, string, Reason]>([
    ['Transient', 'MailboxFull', 'mailboxfull'],
    ['Transient', 'MessageTooLarge', 'mesgtoobig'],
    ['Transient', 'General', 'undefined'],
    ['Permanent', 'General', 'undefined'],
  ])('names the cause beside recipients of whom it says nothing: %s %s', async (type, subType, reason) => {
    const text = `CAUTION: from outside\n\n${bounce(type, subType)}`;
    expect(await read(form({ from: 'no-reply@sns.amazonaws.com', text }))).toEqual([soft(reason)]);
  });

  it('says nothing where somebody quotes it', async () => {
    const text = `We got this:\n\n> ${bounce('Permanent', 'General')}\n`;
    expect(await read(form({ from: 'Anna Sample <anna@example.org>', subject: 'Re: SES', text }))).toEqual([]);
  });
});
