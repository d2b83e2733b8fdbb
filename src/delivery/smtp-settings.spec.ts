import { smtpSettings } from './smtp-settings.js';

describe('SMTP_URL', () => {
  it.each([
    ['smtp://relay.example.test', { port: 587, implicitTls: false, requireTls: true }],
    ['smtps://relay.example.test', { port: 465, implicitTls: true, requireTls: true }],
    ['smtp://relay.example.test:25?requireTls=false', { port: 25, requireTls: false }],
    ['smtp://localhost:2525', { host: 'localhost', requireTls: false }],
    ['smtp://[::1]:2525', { host: '::1', requireTls: false }],
    ['smtps://a%40b:p%3Aw@relay.example.test', { auth: { user: 'a@b', pass: 'p:w' } }],
    [
      'smtp://relay.example.test?name=cqrs.example.test&connections=3&messages=50&pipelining=off',
      {
        ...{ clientName: 'cqrs.example.test', connections: 3, messagesPerConnection: 50, pipelining: false },
      },
    ],
  ])('%s', (address, expected) => {
    expect(smtpSettings(address)).toMatchObject(expected);
  });

  it.each([
    ['http://relay.example.test', 'smtp://'],
    ['smtp://', 'smtp://'],
    ['smtp://user@relay.example.test', 'password'],
    ['smtp://user:secret@relay.example.test?requireTls=false', 'requireTls'],
    ['smtp://user:50%secret@relay.example.test', '%25'],
    ['smtp://user:12/secret@relay.example.test', '%2F'],
    ['smtp://user:12#secret@relay.example.test', '%23'],
    ['smtp://relay.example.test?connections=0', 'connections'],
    ['smtp://relay.example.test?conections=5', 'conections'],
    ['smtp://relay.example.test?name=a%0d%0ab', 'name'],
    ['smtp://relay.example.test?ca=/nowhere.pem', 'ca'],
    ['smtp://relay.example.test?dkimDomain=example.test', 'dkimKey'],
    ['smtp://relay.example.test?dkimDomain=a.test&dkimSelector=s&dkimKey=/nowhere.pem', 'dkimKey'],
    ['smtp://u@relay.example.test?oauthTokenUrl=https://login.example.test/token', 'oauthClientId'],
  ])('refuses %s and says why, without repeating a secret', (address, word) => {
    expect(() => smtpSettings(address)).toThrow(expect.objectContaining({ code: 'bad-smtp-url' }) as Error);
    expect(() => smtpSettings(address)).toThrow(word);
    expect(() => smtpSettings(address)).not.toThrow('secret');
  });
});
