import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

interface Stored {
  readonly raw: Buffer;
  seen: boolean;
}

/** One IMAP folder on this machine: as much of RFC 3501 and IDLE (RFC 2177) as a client needs to read and flag. */
export class MailboxServer implements AsyncDisposable {
  /** Connections that have signed in. */
  signIns = 0;
  /** The access token that signs in by XOAUTH2, where no password does; undefined: passwords do. */
  token: string | undefined;
  /** Refuses every password while it is set. */
  locked = false;
  private readonly messages: Stored[] = [];
  private readonly sockets = new Set<Socket>();
  private readonly idling = new Map<Socket, string>();

  private constructor(
    private readonly server: Server,
    readonly folder: string,
  ) {}

  static async start(folder = 'INBOX'): Promise<MailboxServer> {
    const server = createServer();
    const mailbox = new MailboxServer(server, folder);
    server.on('connection', (socket) => {
      mailbox.serve(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return mailbox;
  }

  get url(): string {
    const { port } = this.server.address() as AddressInfo;
    return `imap://reports%40example.test:secret@127.0.0.1:${port}/${encodeURIComponent(this.folder)}`;
  }

  /** A message arrives; clients that wait are told. */
  deliver(raw: string): void {
    this.messages.push({ raw: Buffer.from(raw), seen: false });
    for (const socket of this.idling.keys()) socket.write(`* ${this.messages.length} EXISTS\r\n`);
  }

  /** Whether each message is seen, in the order of their arrival. */
  get seen(): boolean[] {
    return this.messages.map((message) => message.seen);
  }

  get isWaitedOn(): boolean {
    return this.idling.size > 0;
  }

  /** Breaks every connection. */
  drop(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.drop();
    this.server.close();
    await once(this.server, 'close');
  }

  private serve(socket: Socket): void {
    this.sockets.add(socket);
    let unread = '';
    socket.write('* OK ready\r\n');
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.sockets.delete(socket);
      this.idling.delete(socket);
    });
    socket.on('data', (data) => {
      const lines = (unread + data.toString('latin1')).split('\r\n');
      unread = lines.pop() ?? '';
      for (const line of lines) this.answer(socket, line);
    });
  }

  private answer(socket: Socket, line: string): void {
    const idle = this.idling.get(socket);
    if (idle !== undefined) {
      this.idling.delete(socket);
      socket.write(`${idle} OK done\r\n`);
      return;
    }
    const [, tag = '*', command = '', rest = ''] = /^(\S+) ((?:UID )?\S+) ?(.*)$/i.exec(line) ?? [];
    const say = (...lines: string[]) => socket.write(lines.map((each) => `${each}\r\n`).join(''));
    const ok = `${tag} OK done`;
    switch (command.toUpperCase()) {
      case 'CAPABILITY':
        return void say(`* CAPABILITY IMAP4rev1 IDLE${this.token === undefined ? '' : ' SASL-IR AUTH=XOAUTH2'}`, ok);
      case 'AUTHENTICATE': {
        const [, sasl = ''] = /^XOAUTH2 (\S+)$/i.exec(rest) ?? [];
        const wanted = `user=reports@example.test\x01auth=Bearer ${this.token}\x01\x01`;
        if (Buffer.from(sasl, 'base64').toString() !== wanted)
          return void say(`${tag} NO [AUTHENTICATIONFAILED] wrong`);
        this.signIns += 1;
        return void say(ok);
      }
      case 'LOGIN':
        if (this.locked) return void say(`${tag} NO [AUTHENTICATIONFAILED] wrong`);
        this.signIns += 1;
        return void say(ok);
      case 'LIST':
        return void say(`* LIST () "/" "${rest.endsWith('""') ? '' : this.folder}"`, ok);
      case 'SELECT':
        if (rest.replaceAll('"', '') !== this.folder) return void say(`${tag} NO no such folder`);
        return void say(
          '* FLAGS (\\Seen)',
          `* ${this.messages.length} EXISTS`,
          '* OK [PERMANENTFLAGS (\\Seen)] flags',
          '* OK [UIDVALIDITY 1] valid',
          `* OK [UIDNEXT ${this.messages.length + 1}] next`,
          `${tag} OK [READ-WRITE] done`,
        );
      case 'UID SEARCH': {
        const unseen = this.messages.flatMap(({ seen }, i) => (seen ? [] : [i + 1]));
        return void say(['* SEARCH', ...unseen].join(' '), ok);
      }
      case 'UID FETCH': {
        const number = parseInt(rest, 10);
        const raw = this.messages[number - 1]?.raw ?? Buffer.alloc(0);
        socket.write(`* ${number} FETCH (UID ${number} BODY[]<0> {${raw.length}}\r\n`);
        socket.write(raw);
        return void say(')', ok);
      }
      case 'UID STORE': {
        const message = this.messages[parseInt(rest, 10) - 1];
        if (message && /\+FLAGS.*\\Seen/i.test(rest)) message.seen = true;
        return void say(ok);
      }
      case 'IDLE':
        this.idling.set(socket, tag);
        return void say('+ idling');
      case 'NOOP':
        return void say(ok);
      case 'LOGOUT':
        say('* BYE', ok);
        return void socket.end();
      default:
        return void say(`${tag} BAD unknown`);
    }
  }
}
