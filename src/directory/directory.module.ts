import { Module } from '@nestjs/common';
import { DirectoryRepository } from './directory.repository.js';
import { DirectoryService } from './directory.service.js';
import { ImportService } from './import.service.js';
import { ImportUndo } from './import.undo.js';

/** Needs `Clock`, the database and the audit trail from the root module. */
@Module({
  providers: [DirectoryRepository, DirectoryService, ImportService, ImportUndo],
  exports: [DirectoryService, ImportService, ImportUndo],
})
export class DirectoryModule {}
