import { createSecretKey, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { jwtVerify } from 'jose';

export interface NotifyRequest {
  readonly template_id: string;
  readonly email_address: string;
  readonly personalisation: { readonly subject: string; readonly message: string };
  readonly reference: string;
  readonly email_reply_to_id?: string;
  readonly one_click_unsubscribe_url?: string;
}

/** What the server does about a recipient: takes it, refuses it, or fails with or without having taken it. */
export type NotifyBehaviour =
  | 'accept'
  | { readonly status: number; readonly error: string; readonly message: string }
  | 'take-and-fail'
  | 'take-and-hang-up'
  | 'hang-up';

const SERVICE = '26785a09-ab16-4eb0-8407-a37497a57506';
const SECRET = '3d844edf-8d35-48ac-975b-e847b4f122b0';

/** GOV.UK Notify's HTTP API as far as it is used, on this machine: checks each token as the real one does. */
export class NotifyServer implements AsyncDisposable {
  readonly taken: NotifyRequest[] = [];
  /** By reference; `delivered` unless said otherwise. */
  readonly statuses = new Map<string, string>();
  requests = 0;
  private behaviour: (address: string) => NotifyBehaviour = () => 'accept';
  private searchable = true;
  private constructor(private readonly server: ReturnType<typeof createServer>) {}

  static async start(): Promise<NotifyServer> {
    const server = createServer((request, response) => void notify.handle(request, response));
    const notify = new NotifyServer(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return notify;
  }

  url(key = `tests-${SERVICE}-${SECRET}`, options = ''): string {
    const { port } = this.server.address() as AddressInfo;
    return `notify://127.0.0.1:${port}?key=${key}&template=f33517ff-2a88-4f6e-b855-c550268ce08a${options}`;
  }

  answer(behaviour: (address: string) => NotifyBehaviour): void {
    this.behaviour = behaviour;
  }

  /** While off, look-ups fail. */
  search(on: boolean): void {
    this.searchable = on;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests += 1;
    const body = request.method === 'POST' ? ((await json(request)) as NotifyRequest) : undefined;
    const refuse = (status: number, error: string, message: string) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ status_code: status, errors: [{ error, message }] }));
    };
    const say = (status: number, answer: object) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    };
    if (!(await isSigned(request))) {
      refuse(403, 'AuthError', 'Invalid token: API key not found');
    } else if (!body) {
      const { searchParams } = new URL(request.url ?? '', 'http://notify.test');
      const reference = searchParams.get('reference');
      if (!this.searchable) refuse(500, 'Exception', 'Internal server error');
      else {
        const found = this.taken.filter((each) => each.reference === reference);
        const status = this.statuses.get(reference ?? '') ?? 'delivered';
        say(200, {
          notifications: found.map(() => ({ id: randomUUID(), reference, type: 'email', status })),
          links: {},
        });
      }
    } else {
      const behaviour = this.behaviour(body.email_address);
      if (typeof behaviour === 'object') refuse(behaviour.status, behaviour.error, behaviour.message);
      else if (behaviour === 'hang-up') request.socket.destroy();
      else {
        this.taken.push(body);
        if (behaviour === 'take-and-hang-up') request.socket.destroy();
        else if (behaviour === 'take-and-fail') refuse(500, 'Exception', 'Internal server error');
        else say(201, { id: randomUUID(), reference: body.reference, content: {}, template: {}, uri: '' });
      }
    }
  }
}

async function isSigned(request: IncomingMessage): Promise<boolean> {
  try {
    const token = (request.headers.authorization ?? '').replace(/^Bearer /, '');
    await jwtVerify(token, createSecretKey(SECRET, 'utf8'), {
      algorithms: ['HS256'],
      issuer: SERVICE,
      maxTokenAge: '30s',
      // As the real one allows: the client rounds to whole seconds, and so into the future.
      clockTolerance: '30s',
    });
    return true;
  } catch {
    return false;
  }
}
