import { Injectable } from '@nestjs/common';
import { CensusTally, membersOf } from './census.tally.js';
import { ContactPictureRepository } from './contact-picture.repository.js';
import { placesOf } from './contact.rules.js';

/** Keeps who could be turned to. Whoever goes through all accounts anyway fills a `CensusTally` on the way. */
@Injectable()
export class ContactPicture {
  constructor(private readonly repository: ContactPictureRepository) {}

  /** @param version the newest import that the tally knows of. */
  async keep(version: number, tally: CensusTally): Promise<void> {
    const members = membersOf(tally.all(new Set()));
    await this.repository.keep(version, new Map([...members].map(([code, there]) => [code, placesOf(there)])));
  }
}
