import { outcomeBeforeMessage, outcomeOf, outcomeOfSender } from './smtp-outcome.rules.js';

describe('what an SMTP reply means for a message', () => {
  it.each([
    [250, '2.0.0 Ok: queued as 4XYZ', 'accepted'],
    [550, '5.1.1 User unknown', 'permanent'],
    [554, '5.7.1 Message rejected by policy', 'permanent'],
    [552, '5.2.2 Mailbox full', 'permanent'],
    [554, '5.4.6 Too many hops', 'permanent'],
    [554, '5.4.14 Hop count exceeded - possible mail loop: too many received headers', 'permanent'],
    [550, 'no such user', 'permanent'],
    [451, '4.3.0 Local error in processing', 'transient'],
    [450, '4.2.1 The user is receiving mail at a rate that is too many', 'transient'],
    [452, '4.2.2 Mailbox full', 'transient'],
    [451, '4.7.1 Greylisting in action, please come back later', 'transient'],
    [450, 'try later', 'transient'],
    [421, '4.4.2 Connection timed out', 'throttled'],
    [421, 'Too many concurrent connections', 'throttled'],
    [432, '4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded', 'throttled'],
    [451, '4.7.500 Server busy. Please try again later', 'throttled'],
    [450, '4.7.0 Unusual rate of mail', 'throttled'],
    [452, '4.3.1 Insufficient system resources', 'throttled'],
    [451, 'Too many messages, slow down', 'throttled'],
    [454, 'Throttling failure: Maximum sending rate exceeded', 'throttled'],
    [550, '5.7.705 Access denied, tenant has exceeded threshold', 'throttled'],
    [554, '5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException', 'throttled'],
    [550, '5.4.5 Daily user sending limit exceeded', 'throttled'],
    [530, '5.7.57 Client not authenticated to send mail', 'throttled'],
    [554, '5.2.252 SendAsDenied; no-reply not allowed to send as team', 'throttled'],
    [554, '5.7.1 Relay access denied', 'permanent'],
  ])('%i %s: %s', (code, text, kind) => {
    expect(outcomeOf({ code, text })).toMatchObject({ kind, code });
  });

  it('keeps the enhanced code, puts the text on one line and takes every address out of it', () => {
    expect(
      outcomeOf({ code: 550, text: '5.1.10 <Testa.Sample1@nhs.net>:\nnot found; to=testa.sample1@nhs.net' }),
    ).toEqual({
      kind: 'permanent',
      code: 550,
      enhanced: '5.1.10',
      response: '5.1.10 <[address]>: not found; to=[address]',
    });
    expect(outcomeOf({ code: 451, text: 'later' })).not.toHaveProperty('enhanced');
  });

  it.each([
    [535, '5.7.8 Authentication failed', 'not-sent'],
    [554, '5.7.1 No service for you', 'not-sent'],
    [421, '4.3.2 Too many connections', 'throttled'],
    [undefined, '', 'not-sent'],
  ])('never blames a message for a connection that did not come about: %s %s', (code, text, kind) => {
    expect(outcomeBeforeMessage('no', code === undefined ? undefined : { code, text })).toMatchObject({
      kind,
      blameless: true,
    });
  });

  it.each([
    [530, '5.7.1 Authentication required'],
    [550, '5.7.60 Client does not have permissions to send as this sender'],
    [553, 'sorry, <team@example.test> is not on my list of senders'],
    [501, '5.1.7 Bad sender address syntax'],
  ])('never blames a message for a sender that is refused: %s %s', (code, text) => {
    const outcome = outcomeOfSender({ code, text });
    expect(outcome).toMatchObject({ kind: 'not-sent', blameless: true });
    expect(JSON.stringify(outcome)).toMatch(`The sender was refused: ${code} `);
    expect(JSON.stringify(outcome)).not.toContain('team@');
  });

  it.each([
    [552, '5.3.4 Message size exceeds fixed limit', 'permanent'],
    [452, '4.3.1 Insufficient system storage', 'throttled'],
    [451, '4.3.0 Local error', 'transient'],
    [250, 'Ok', 'accepted'],
  ])('takes %s %s at the sender for what it says', (code, text, kind) => {
    expect(outcomeOfSender({ code, text })).toMatchObject({ kind });
  });
});
