import { Controller, Get, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { ApiProblems } from '../platform/api/index.js';
import { type Page, pageOf, pageQuery, pageSchema } from '../platform/http/index.js';
import { type AuditEntry } from './audit-chain.rules.js';
import { AuditTrail, type AuditVerdict } from './audit-trail.js';
import { RequirePermission } from './permission.guard.js';
import { CurrentPrincipal, type Principal } from './principal.js';

/** What the trail can hold: no NUL. */
const word = (max: number) => z.string().min(1).max(max).meta({ pattern: '^[^\\u0000]+$' });

const auditQuerySchema = pageQuery(z.number().int().positive(), {
  subject: word(200).optional().describe('Only entries about this, as campaign:<id>'),
  actor: word(200).optional().describe('Only what this person, key or part of the service did'),
  area: word(50).optional().describe('Only actions of this kind, as campaign or api-key'),
  from: z.iso.datetime({ offset: true }).optional().describe('Only entries of this instant or later'),
  until: z.iso.datetime({ offset: true }).optional().describe('Only entries before this instant'),
});

const auditEntrySchema = z
  .object({
    sequence: z.number().int(),
    at: z.iso.datetime(),
    actor: z.string(),
    action: z.string(),
    subject: z.string(),
    details: z.record(z.string(), z.unknown()),
    previousHash: z.string(),
    hash: z.string().describe('SHA-256 over the entry and previousHash'),
  })
  .meta({
    id: 'AuditEntry',
    examples: [
      {
        sequence: 1,
        at: '2026-09-14T07:00:00.000Z',
        actor: 'person:0198f4c0-11aa-7b2e-8c1d-5a4f3e2d1c0b',
        action: 'api-key.revoked',
        subject: 'key:9f3a1c0b77de',
        details: {},
        previousHash: '0'.repeat(64),
        hash: '41f3c9bb4dcb2b4a5a5e8fcb54a0e4f0a5a9a7f0e6f8cbb9d6ce0b8d0e0a7c11',
      },
    ],
  });
const auditPageSchema = pageSchema(auditEntrySchema).meta({ id: 'AuditPage' });

const auditVerdictSchema = z
  .union([
    z.object({ ok: z.literal(true), entries: z.number().int(), head: z.string() }),
    z.object({ ok: z.literal(false), sequence: z.number().int(), fault: z.enum(['altered', 'missing', 'added']) }),
  ])
  .meta({ id: 'AuditVerification', examples: [{ ok: false, sequence: 1412, fault: 'altered' }] });

/** The audit trail. */
@ApiTags('Audit')
@ApiBearerAuth()
@RequirePermission('audit:read')
@Controller('api/v1/audit')
export class AuditController {
  constructor(private readonly trail: AuditTrail) {}

  @Get()
  @ApiOperation({ summary: 'Read the audit trail' })
  @ApiOkResponse({
    standardSchema: auditPageSchema,
    description: 'Newest first. Somebody of one region sees what its people and keys did or had done to them',
  })
  @ApiProblems(400)
  async list(
    @Query({ schema: auditQuerySchema }) query: z.infer<typeof auditQuerySchema>,
    @CurrentPrincipal() { region }: Principal,
  ): Promise<Page<AuditEntry>> {
    const { cursor, limit, subject, actor, area, from, until } = query;
    const rows = await this.trail.entries({
      ...(subject !== undefined && { subject }),
      ...(actor !== undefined && { actors: [actor] }),
      ...(area !== undefined && { area }),
      ...(from !== undefined && { from: new Date(from) }),
      ...(until !== undefined && { until: new Date(until) }),
      ...(region !== undefined && { region }),
      ...(cursor !== undefined && { before: cursor }),
      limit: limit + 1,
    });
    return pageOf(rows, limit, ({ sequence }) => sequence);
  }

  @Get('verification')
  @ApiOperation({ summary: 'Check that no entry of the audit trail was altered' })
  @ApiOkResponse({
    standardSchema: auditVerdictSchema,
    description: 'Reads the whole trail. Keep "head" elsewhere: it also proves that nobody rewrote the whole trail',
  })
  @ApiProblems()
  async verify(): Promise<AuditVerdict> {
    return this.trail.verify();
  }
}
