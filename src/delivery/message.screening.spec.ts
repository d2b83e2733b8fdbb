import { type DeadlinesService } from '../deadlines/index.js';
import { loadConfig } from '../platform/config/index.js';
import { type TemplateCatalogue } from '../rendering/index.js';
import { MessageScreening } from './message.screening.js';
import { OptOuts } from './opt-outs.js';
import { type QueuedMessage } from './slice.repository.js';
import { type SuppressionList } from './suppression.list.js';

class Wishes extends OptOuts {
  asked: readonly string[] = [];
  optedOut(addresses: readonly string[]): Promise<ReadonlySet<string>> {
    this.asked = addresses;
    return Promise.resolve(new Set(['testa.sample1@nhs.net']));
  }
}

const templates = {
  names: () => ['newsletter', 'notice'],
  get: (name: string) => ({ kind: name === 'newsletter' ? 'optional' : 'service' }),
} as TemplateCatalogue;
const nobody = { suppressed: () => Promise.resolve(new Map()) } as unknown as SuppressionList;
const config = loadConfig({ NODE_ENV: 'test', SECRET: 'a secret of the tests, forty characters!' });
const screening = (optOuts?: OptOuts) =>
  new MessageScreening(nobody, {} as DeadlinesService, templates, config, optOuts);

const message = (ordinal: number, template: string, address: string | null): QueuedMessage => ({
  ...{ ordinal, template, address, id: `message-${ordinal}`, templateVersion: '1' },
  ...{ values: '{}', guard: null, attempt: 0, setbacks: 0 },
});
const MESSAGES = [
  message(1, 'newsletter', 'Testa.Sample1@nhs.net'),
  message(2, 'notice', 'testa.sample1@nhs.net'),
  message(3, 'newsletter', 'testa.sample2@nhs.net'),
  message(4, 'newsletter', null),
];

describe('the last look before a message is sent', () => {
  it('stops optional mail, and only that, to who has opted out since it was planned', async () => {
    const wishes = new Wishes();
    const { mailable, stopped } = await screening(wishes).screen(MESSAGES);
    expect(stopped).toEqual([
      { ordinal: 1, state: 'suppressed', reason: 'opted-out' },
      { ordinal: 4, state: 'suppressed', reason: 'redacted' },
    ]);
    expect(mailable.map(({ ordinal }) => ordinal)).toEqual([2, 3]);
    expect(wishes.asked).toEqual(['testa.sample1@nhs.net', 'testa.sample2@nhs.net']);
  });

  it('asks nobody about service notices', async () => {
    const wishes = new Wishes();
    await screening(wishes).screen(MESSAGES.filter(({ template }) => template === 'notice'));
    expect(wishes.asked).toEqual([]);
    expect((await screening().screen(MESSAGES)).mailable).toHaveLength(3);
  });
});
