import { newWebhookSecret, signatureHeaders } from './webhook.signature.js';

describe('the signature of a webhook', () => {
  it('is that of the example in the Standard Webhooks specification', () => {
    const at = new Date(1_614_265_330_000);
    const message = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', at, body: '{"test": 2432232314}' };
    expect(signatureHeaders(message, 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')['webhook-signature']).toBe(
      'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    );
  });

  it('is made with a secret of 32 random bytes, another each time', () => {
    const [one, two] = [newWebhookSecret(), newWebhookSecret()];
    expect(Buffer.from(one.replace('whsec_', ''), 'base64')).toHaveLength(32);
    expect(one).not.toBe(two);
  });
});
