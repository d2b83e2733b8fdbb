import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Inject, Injectable, Optional } from '@nestjs/common';
import { PROJECT_ROOT } from '../platform/config/index.js';
import { InvalidInputError } from '../shared/errors.js';
import { WorkingCalendar } from '../shared/working-calendar.js';

/** Path of a file as https://www.gov.uk/bank-holidays.json; without it the one that ships in `data/` is read. */
export const BANK_HOLIDAYS_FILE = Symbol('BankHolidaysFile');

/** The bank holidays of England, read once at the start; a newer file counts from the next start on. */
@Injectable()
export class BankHolidays {
  readonly calendar: WorkingCalendar;

  /** @throws InvalidInputError `bad-bank-holidays` when the file is missing, no JSON, or not of the GOV.UK shape. */
  constructor(@Optional() @Inject(BANK_HOLIDAYS_FILE) file = join(PROJECT_ROOT, 'data', 'bank-holidays.json')) {
    this.calendar = read(file);
  }
}

function read(file: string): WorkingCalendar {
  try {
    return WorkingCalendar.fromGovUk(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw new InvalidInputError('bad-bank-holidays', `Bank holidays ${file}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
