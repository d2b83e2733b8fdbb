import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import yauzl from 'yauzl';
import { AuditTrail } from '../access/index.js';
import { Ledger } from '../delivery/index.js';
import { type Config, InjectConfig } from '../platform/config/index.js';
import { canonicalJson } from '../shared/canonical-json.js';
import { Clock } from '../shared/clock.js';
import { InvalidInputError } from '../shared/errors.js';
import { groupBy } from '../shared/group-by.js';
import { CascadeService } from './cascade.service.js';
import { proofPage } from './proof.page.js';
import { snapshotOf } from './report.service.js';
import { toCsv } from './table.export.js';
import { TellingRepository } from './telling.repository.js';
import { zip } from './zip.writer.js';

export interface ProofVerdict {
  readonly ok: boolean;
  /** What is wrong, in words; empty when the pack is as this service made it. */
  readonly faults: readonly string[];
}

const MANIFEST = 'manifest.json';
const SUMS = 'SHA256SUMS';
const LARGEST_FILE = 20_000_000;

/**
 * The evidence that an organisation was told, as a ZIP: what was sent to whom (accounts and keyed hashes of addresses,
 * never addresses), the hash of the bytes, why, what came back, each step and answer; with a page for people. As it holds
 * nothing that is redacted, it is the same before and after redaction. A manifest with the hash of every file is signed by
 * the service.
 */
@Injectable()
export class ProofService {
  constructor(
    private readonly cascades: CascadeService,
    private readonly ledger: Ledger,
    private readonly repository: TellingRepository,
    private readonly audit: AuditTrail,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** Issuing one is audited, with the hash of its manifest. @throws NotFoundError `not-in-cascade`. */
  async pack(cascadeId: string, code: string, actor: string): Promise<Buffer> {
    const cascade = await this.cascades.get(cascadeId);
    const node = await this.cascades.organisation(cascadeId, code);
    const above = [node.commissioner_code, node.region_code].flatMap((each) => each ?? []);
    const steps = await this.repository.evidence(cascadeId, [...new Set([code, ...above])]);
    const messages = await this.messagesTo(code, cascadeId);
    const madeAt = this.clock.now();
    const proof = {
      cascade: { id: cascade.id, name: cascade.name, plan: cascade.plan_hash, snapshot: snapshotOf(cascade) },
      organisation: { code, name: node.name, kind: node.kind, state: node.state, coverage: node.coverage },
      messages,
      steps,
    };
    const origin = { madeAt, snapshot: proof.cascade.snapshot };
    const files = [
      { name: 'proof.json', content: `${canonicalJson(JSON.parse(JSON.stringify(proof)))}\n` },
      {
        name: 'messages.csv',
        content: toCsv({
          title: 'Messages',
          header: ['Accepted at', 'Template', 'Segment', 'State', 'Reason', 'SHA-256 of the bytes'],
          rows: messages.map((message) => [
            message.acceptedAt?.toISOString() ?? null,
            message.template,
            message.segment,
            message.state,
            message.reason,
            message.renderedSha256,
          ]),
          ...origin,
        }),
      },
      {
        name: 'steps.csv',
        content: toCsv({
          title: 'Steps',
          header: ['At', 'Organisation', 'Step', 'Late', 'Actor', 'Details'],
          rows: steps.map((step) => [
            step.at.toISOString(),
            step.organisation,
            step.action,
            step.late ? 'late' : 'in time',
            step.actor,
            JSON.stringify(step.details),
          ]),
          ...origin,
        }),
      },
      { name: 'proof.html', content: proofPage({ ...proof, madeAt }) },
    ];
    // As sha256sum reads it, for whoever has no software of ours.
    const sums = files.map(({ name, content }) => `${sha256(content)}  ${name}\n`).join('');
    files.push({ name: SUMS, content: sums });
    const listed = {
      madeAt: madeAt.toISOString(),
      files: files.map(({ name, content }) => ({ name, sha256: sha256(content) })),
    };
    const manifest = canonicalJson({ ...listed, signature: this.signatureOf(canonicalJson(listed)) });
    const details = { manifest: sha256(manifest), organisation: code };
    await this.audit.record({ actor, action: 'cascade.proof-issued', subject: `cascade:${cascadeId}`, details });
    return zip([{ name: MANIFEST, content: manifest }, ...files], madeAt);
  }

  /** Whether a pack is whole and was made by this service. @throws InvalidInputError `not-a-proof` when it is no such ZIP. */
  async verify(pack: Buffer): Promise<ProofVerdict> {
    const files = await unzip(pack);
    const manifest = files.get(MANIFEST);
    const parsed = manifest && (parse(manifest) as { signature?: unknown; files?: { name: string; sha256: string }[] });
    if (!parsed || typeof parsed.signature !== 'string' || !Array.isArray(parsed.files)) {
      throw new InvalidInputError('not-a-proof', 'Expected a proof pack: a ZIP with a signed manifest.json');
    }
    const { signature, ...listed } = parsed;
    const faults: string[] = [];
    const expected = this.signatureOf(canonicalJson(listed));
    if (signature.length !== expected.length || !timingSafeEqual(Buffer.from(signature), Buffer.from(expected))) {
      faults.push('the manifest is not signed by this service');
    }
    for (const { name, sha256: hash } of parsed.files) {
      const content = files.get(name);
      if (content === undefined) faults.push(`${name} is missing`);
      else if (sha256(content) !== hash) faults.push(`${name} was altered`);
    }
    const known = new Set([MANIFEST, ...parsed.files.map(({ name }) => name)]);
    for (const name of files.keys()) if (!known.has(name)) faults.push(`${name} was added`);
    return { ok: faults.length === 0, faults };
  }

  /** Of all campaigns; not of other rehearsals, which told it nothing. */
  private async messagesTo(code: string, cascadeId: string) {
    const rehearsals = new Set(await this.repository.drillsOf(code));
    rehearsals.delete(cascadeId);
    const messages = (await this.ledger.told(code)).filter(({ campaignId }) => !rehearsals.has(campaignId));
    const hashes = await this.repository.addressHashes(messages.map(({ id }) => id));
    const returned = groupBy(
      await this.repository.returned(messages.map(({ id }) => id)),
      ({ messageId }) => messageId,
    );
    return messages.map((message) => ({
      id: message.id,
      campaign: message.campaignId,
      purpose: message.purpose,
      route: message.route,
      template: message.template,
      templateVersion: message.templateVersion,
      segment: message.segment,
      accounts: message.accountIds,
      addressHash: hashes.get(message.id) ?? null,
      state: message.state,
      code: message.code,
      enhanced: message.enhanced,
      reason: message.reason,
      acceptedAt: message.acceptedAt,
      renderedSha256: message.renderedSha256,
      returned: returned.get(message.id) ?? [],
    }));
  }

  private signatureOf(text: string): string {
    return createHmac('sha256', this.config.secret).update(`proof:${text}`).digest('hex');
  }
}

function sha256(content: string): string {
  return createHash('sha256').update(content).digest('hex');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function unzip(pack: Buffer): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  try {
    const archive = await yauzl.fromBufferPromise(pack);
    for await (const entry of archive.eachEntry()) {
      if (entry.uncompressedSize > LARGEST_FILE) throw new Error('A file in it is too large');
      const chunks: Buffer[] = [];
      for await (const chunk of await archive.openReadStreamPromise(entry)) chunks.push(chunk as Buffer);
      files.set(entry.fileName, Buffer.concat(chunks).toString('utf8'));
    }
  } catch (error) {
    throw new InvalidInputError('not-a-proof', 'Expected a proof pack: a ZIP that can be read', { cause: error });
  }
  return files;
}
