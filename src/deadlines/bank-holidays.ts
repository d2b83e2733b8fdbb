import { readFileSync } from 'node:fs';
import { Injectable } from '@nestjs/common';
import { type Config, InjectConfig } from '../platform/config/index.js';
import { InvalidInputError } from '../shared/errors.js';
import { WorkingCalendar } from '../shared/working-calendar.js';

/** The bank holidays of England, read once at the start; a newer file counts from the next start on. */
@Injectable()
export class BankHolidays {
  readonly calendar: WorkingCalendar;

  /** @throws InvalidInputError `bad-bank-holidays` when the file is missing, no JSON, or not of the GOV.UK shape. */
  constructor(@InjectConfig() { bankHolidaysFile }: Config) {
    this.calendar = read(bankHolidaysFile);
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
