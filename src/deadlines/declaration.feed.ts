import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { AuditTrail } from '../access/index.js';
import { type ImportReport, type ImportRequest, ImportService } from '../directory/index.js';
import { DeclarationImporter } from './declaration.importer.js';
import { Clock } from '../shared/clock.js';
import { type AppliedDeclarations, DeclarationRepository } from './declaration.repository.js';
import { declarationSchema, isOfTheFuture, OF_THE_FUTURE } from './declaration.rules.js';
import { parseInput } from './input.schema.js';

/** As many as one request may carry; all of England is about 60,000. */
const MAX_DECLARATIONS = 100_000;

function declarationsAt(now: Date) {
  const past = declarationSchema.refine(({ updatedAt }) => !isOfTheFuture(updatedAt, now), {
    path: ['updatedAt'],
    message: OF_THE_FUTURE,
  });
  return z.array(past).max(MAX_DECLARATIONS);
}

export interface DeclarationFeedReport extends AppliedDeclarations {
  readonly received: number;
  /** Codes that the directory does not know, in order. Their declarations are kept: the directory may only be late. */
  readonly unknownOrganisations: readonly string[];
}

/** What the CQRS platform tells about declarations, posted or in a file. The newest `updatedAt` wins in any order. */
@Injectable()
export class DeclarationFeed {
  constructor(
    private readonly declarations: DeclarationRepository,
    private readonly imports: ImportService,
    private readonly audit: AuditTrail,
    private readonly clock: Clock,
  ) {}

  /**
   * Takes declarations as the CQRS platform posts them: all of them or none.
   *
   * @throws InvalidInputError `bad-declarations` naming each row and field at fault (`3.status: …`, counted from 0).
   */
  async applyDeclarations(rows: unknown, by: string): Promise<DeclarationFeedReport> {
    const now = this.clock.now();
    const declarations = parseInput('bad-declarations', declarationsAt(now), rows);
    const codes = declarations.map(({ organisationCode }) => organisationCode);
    const received = declarations.length;
    return this.declarations.db.transaction().execute(async (trx) => {
      const counts = await this.declarations.apply(declarations, trx);
      await this.declarations.heard(now, trx);
      const unknownOrganisations = await this.declarations.unknownOrganisations(codes, trx);
      const details = { received, ...counts, unknownOrganisations: unknownOrganisations.length };
      await this.audit.record({ actor: by, action: 'declarations.applied', subject: 'declarations', details }, trx);
      return { received, ...counts, unknownOrganisations };
    });
  }

  /**
   * A CSV file or a workbook, as `ImportService` takes them. Organisations that the directory does not know are a
   * warning, and their declarations are kept.
   */
  async importDeclarations(path: string, request: ImportRequest): Promise<ImportReport> {
    return this.imports.run(new DeclarationImporter(path, request, this.declarations, this.clock.now()), request);
  }
}
