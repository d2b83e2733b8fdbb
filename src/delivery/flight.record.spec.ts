import { mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { type Flight, FlightRecord } from './flight.record.js';

describe('a flight record', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cqrs-comms-flights-'));
    path = join(folder, 'record');
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const landing = fc.record({
    code: fc.integer({ min: 200, max: 299 }),
    at: fc.date({ min: new Date('2000-01-01'), max: new Date('2200-01-01'), noInvalidDate: true }),
  });
  const flight: fc.Arbitrary<Flight> = fc.oneof(fc.constantFrom<Flight>('waiting', 'left', 'back'), landing);

  it('says of each message what was last noted of it, to whoever reads it when its writer is gone', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000_000 }),
        fc.array(fc.array(flight, { maxLength: 3 }), { minLength: 1, maxLength: 500 }),
        (first, stories) => {
          const last = first + stories.length - 1;
          rmSync(path, { force: true });
          const record = FlightRecord.begin(path, first, last);
          for (const [i, story] of stories.entries()) {
            for (const step of story) {
              if (step === 'left') record.left(first + i);
              else if (step !== 'waiting') record.answered(first + i, step);
            }
          }
          record.close();
          const expected = stories.map((story) => story.filter((step) => step !== 'waiting').at(-1) ?? 'waiting');
          expect([...FlightRecord.read(path, first, last)]).toEqual(expected.map((step, i) => [first + i, step]));
        },
      ),
      { numRuns: 50 },
    );
  });

  it('says that nothing left when its writer was killed before it was whole', () => {
    FlightRecord.begin(path, 1, 500).close();
    truncateSync(path, 100);
    const flights = FlightRecord.read(path, 1, 500);
    expect(flights.size).toBe(500);
    expect(new Set(flights.values())).toEqual(new Set(['waiting']));
  });

  it('is no other one: of a slice and an epoch there is one', () => {
    const record = FlightRecord.begin(path, 1, 2);
    expect(() => FlightRecord.begin(path, 1, 2)).toThrow('EEXIST');
    record.end();
    expect(() => FlightRecord.read(path, 1, 2)).toThrow('ENOENT');
  });

  it('lets nothing leave that it cannot note, and takes an answer that it cannot note for none', () => {
    const record = FlightRecord.begin(path, 1, 2);
    record.left(2);
    record.close();
    expect(() => {
      record.left(1);
    }).toThrow('EBADF');
    record.answered(2, 'back');
    expect([...FlightRecord.read(path, 1, 2)]).toEqual([
      [1, 'waiting'],
      [2, 'left'],
    ]);
  });
});
