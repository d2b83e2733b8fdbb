import { type Response } from 'express';
import { type Config } from '../platform/config/index.js';
import { SecureCookies } from './cookies.js';

const under = (publicUrl: string | undefined): SecureCookies => new SecureCookies({ publicUrl } as Config);
const written = (cookies: SecureCookies): unknown[] => {
  const cookie = jest.fn();
  cookies.write({ cookie } as unknown as Response, 'session', 'value', 1_000);
  return cookie.mock.calls[0] as unknown[];
};

describe('cookies', () => {
  it('are bound to this host and to https where the service is reached by https', () => {
    const options = { httpOnly: true, sameSite: 'lax', path: '/', secure: true, maxAge: 1_000 };
    expect(written(under('https://comms.example.test'))).toEqual(['__Host-session', 'value', options]);
  });

  it('work without https on a machine of one’s own', () => {
    expect(written(under(undefined))).toEqual([
      'session',
      'value',
      expect.objectContaining({ secure: false, httpOnly: true }),
    ]);
  });

  it('are read back under the name that they were written with only', () => {
    const request = { cookies: { session: 'planted', '__Host-session': 'ours' } };
    expect(under('https://comms.example.test').read(request, 'session')).toBe('ours');
    expect(under('http://localhost').read(request, 'session')).toBe('planted');
    expect(under('http://localhost').read({ cookies: { session: { a: 1 } } }, 'session')).toBeUndefined();
  });
});
