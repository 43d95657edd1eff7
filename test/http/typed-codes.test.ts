import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { totpCode } from '../support/totp.js';
import { TYPED_FORMS } from '../support/typed-codes.js';
import { enrolmentApp } from './enrolment-app.js';

for (const [how, form] of Object.entries(TYPED_FORMS)) {
  describe(`a code that was typed ${how}`, () => {
    it('sets TOTP up, and steps up', async () => {
      const { client, clock } = enrolmentApp();
      const ada = await client();
      const { secret } = (await ada.post('/totp').expect(201)).body;
      await ada.post('/totp/confirm', { code: form(totpCode(secret, clock.now())) }).expect(204);
      clock.advance('1m');
      await ada.stepUp('totp', { code: form(totpCode(secret, clock.now())) }).expect(200);
    });

    it('is a recovery code', async () => {
      const { client } = enrolmentApp();
      const ada = await client();
      await ada.proveTotp(await ada.enrolTotp());
      const { codes } = (await ada.post('/recovery-codes').expect(201)).body;
      const response = await ada.stepUp('recovery-code', { code: form(codes[0]) });
      assert.equal(response.status, 200, response.text);
    });
  });
}

describe('the code of another', () => {
  it('is refused however it is typed, and uses nothing up', async () => {
    const { client, clock, told } = enrolmentApp();
    const ada = await client();
    const secret = await ada.enrolTotp();
    const wrong = totpCode(secret, clock.now() + 3_600_000);
    for (const form of Object.values(TYPED_FORMS).slice(0, 4)) {
      await ada.stepUp('totp', { code: form(wrong) }).expect(403);
    }
    await ada.stepUp('totp', { code: totpCode(secret, clock.now()) }).expect(200);
    assert.deepEqual(
      told('step-up.failed').map((event) => 'reason' in event && event.reason),
      ['rejected', 'rejected', 'rejected', 'rejected'],
    );
  });
});
