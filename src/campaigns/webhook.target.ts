import { type LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { Inject, Injectable } from '@nestjs/common';
import { type Config, InjectConfig } from '../platform/config/index.js';
import { InvalidInputError } from '../shared/errors.js';

/** How webhooks reach the network. Tests replace it; the real one is `SYSTEM_NETWORK`. */
export interface WebhookNetwork {
  resolve(hostname: string): Promise<LookupAddress[]>;
  /** Certificate authorities to trust instead of the usual ones. */
  readonly ca?: string;
}
export const WEBHOOK_NETWORK = Symbol('WebhookNetwork');
export const SYSTEM_NETWORK: WebhookNetwork = { resolve: (hostname) => lookup(hostname, { all: true }) };

/** Where nothing public can be: IANA's special-purpose registries (RFC 6890). */
const NOT_PUBLIC = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const) {
  NOT_PUBLIC.addSubnet(network, prefix, 'ipv4');
}
/** Of IPv6 only global unicast is public, and of that not the ranges that stand for IPv4 or for examples. */
const GLOBAL_UNICAST = new BlockList();
GLOBAL_UNICAST.addSubnet('2000::', 3, 'ipv6');
const NOT_PUBLIC_6 = new BlockList();
for (const [network, prefix] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const) {
  NOT_PUBLIC_6.addSubnet(network, prefix, 'ipv6');
}

function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !NOT_PUBLIC.check(address, 'ipv4');
    case 6:
      return GLOBAL_UNICAST.check(address, 'ipv6') && !NOT_PUBLIC_6.check(address, 'ipv6');
    default:
      return false;
  }
}

/** Thrown inside a look-up; its code ends up in the log of deliveries. */
class PrivateTarget extends Error {
  readonly code = 'private-address';
}

/** Decides whether an address on the web may be called, and makes sure that exactly that is called. */
@Injectable()
export class WebhookTargets {
  constructor(
    @Inject(WEBHOOK_NETWORK) private readonly network: WebhookNetwork,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** @throws InvalidInputError `bad-webhook-url`, saying what was expected. */
  async check(text: string): Promise<void> {
    const url = new URL(text);
    if (url.protocol !== 'https:') throw refused('expected an https:// address');
    if (url.username !== '' || url.password !== '') throw refused('expected an address without a name and password');
    let addresses: LookupAddress[];
    try {
      addresses = await this.addressesOf(url.hostname);
    } catch (error) {
      if (error instanceof PrivateTarget) {
        throw refused('it is, or resolves to, a private, loopback, link-local or reserved address');
      }
      throw refused('its host name cannot be resolved');
    }
    if (addresses.length === 0) throw refused('its host name has no address');
  }

  /**
   * For the connection itself: a name that resolved to a public address when it was registered may resolve to another
   * by now, and again by the time of connecting (DNS rebinding). What is checked here is what is connected to.
   */
  readonly lookup: LookupFunction = (hostname, options, callback) => {
    this.addressesOf(hostname).then(
      (addresses) => {
        const [first] = addresses;
        if (options.all) callback(null, addresses);
        else if (first) callback(null, first.address, first.family);
        else callback(Object.assign(new Error('no address'), { code: 'ENOTFOUND' }), '');
      },
      (error: unknown) => {
        callback(error as NodeJS.ErrnoException, '');
      },
    );
  };

  /** A connection to a literal address asks nobody, so it is asked about here. @throws with a `code` when not allowed. */
  async addressesOf(hostname: string): Promise<LookupAddress[]> {
    const bare = hostname.replace(/^\[|\]$/g, '');
    const family = isIP(bare);
    const addresses = family === 0 ? await this.network.resolve(bare) : [{ address: bare, family }];
    const allowed = this.config.webhookAllowPrivate.includes(bare.toLowerCase());
    if (!allowed && !addresses.every(({ address }) => isPublicAddress(address))) throw new PrivateTarget(bare);
    return addresses;
  }
}

function refused(reason: string): InvalidInputError {
  return new InvalidInputError('bad-webhook-url', `url: ${reason}`);
}
