import { Module } from '@nestjs/common';
import { BankHolidays } from './bank-holidays.js';
import { DeadlinesService } from './deadlines.service.js';
import { DeclarationFeed } from './declaration.feed.js';
import { DeclarationImporter } from './declaration.importer.js';
import { DeclarationRepository } from './declaration.repository.js';
import { DeclarationWindowRepository } from './declaration-window.repository.js';

/** Needs `Clock`, `AuditTrail` and the database from the root module. */
@Module({
  providers: [
    BankHolidays,
    DeclarationWindowRepository,
    DeclarationRepository,
    DeadlinesService,
    DeclarationFeed,
    DeclarationImporter,
  ],
  exports: [BankHolidays, DeadlinesService, DeclarationFeed, DeclarationImporter],
})
export class DeadlinesModule {}
