import { approvalsChange } from './approvals-change.js';
import { approvalsDrop } from './approvals-drop.js';
import { approvalsExpiry } from './approvals-expiry.js';
import { approvalsInsert } from './approvals-insert.js';
import { approvalsRaces } from './approvals-races.js';
import { approvalsStored } from './approvals-stored.js';
import { attemptsCount } from './attempts-count.js';
import { attemptsDrop } from './attempts-drop.js';
import { attemptsExpiry } from './attempts-expiry.js';
import { attemptsRaces } from './attempts-races.js';
import { attemptsReset } from './attempts-reset.js';
import { attemptsWindows } from './attempts-windows.js';
import type { CaseGroup } from './case.js';
import { challengesDrop } from './challenges-drop.js';
import { challengesExpiry } from './challenges-expiry.js';
import { challengesInsert } from './challenges-insert.js';
import { challengesSpend } from './challenges-spend.js';
import { challengesTake } from './challenges-take.js';
import { claims } from './claim.js';
import { copies } from './copy.js';
import { copiesUsed } from './copy-used.js';
import { firstMethod } from './first-method.js';
import { grantsDrop } from './grants-drop.js';
import { grantsExpiry } from './grants-expiry.js';
import { grantsInsert } from './grants-insert.js';
import { grantsMarks } from './grants-marks.js';
import { grantsStored } from './grants-stored.js';
import { grantsTake } from './grants-take.js';
import { passkeysInsert } from './passkeys-insert.js';
import { passkeysManage } from './passkeys-manage.js';
import { passkeysUse } from './passkeys-use.js';
import { recoveryCodesTake } from './recovery-codes-take.js';
import { sessionsCap } from './sessions-cap.js';
import { sessionsChange } from './sessions-change.js';
import { sessionsChangeAll } from './sessions-change-all.js';
import { sessionsChangeKnown } from './sessions-change-known.js';
import { sessionsChangeStored } from './sessions-change-stored.js';
import { sessionsCorrectTimes } from './sessions-correct-times.js';
import { sessionsExpiry } from './sessions-expiry.js';
import { sessionsFind } from './sessions-find.js';
import { sessionsHistories } from './sessions-histories.js';
import { sessionsInsert } from './sessions-insert.js';
import { sessionsList } from './sessions-list.js';
import { sessionsListForUser } from './sessions-list-for-user.js';
import { sessionsNotBefore } from './sessions-not-before.js';
import { sessionsNotBeforeAhead } from './sessions-not-before-ahead.js';
import { sessionsPages } from './sessions-pages.js';
import { sessionsRaces } from './sessions-races.js';
import { sessionsReplaceCredentials } from './sessions-replace-credentials.js';
import { sessionsRevoke } from './sessions-revoke.js';
import { sessionsRevokeAll } from './sessions-revoke-all.js';
import { sessionsRotate } from './sessions-rotate.js';
import { sessionsRoundTrip } from './sessions-round-trip.js';
import { sessionsStepUp } from './sessions-step-up.js';
import { sessionsStored } from './sessions-stored.js';
import { sessionsTokenRaces } from './sessions-token-races.js';
import { sessionsTouch } from './sessions-touch.js';
import { sessionsTouchConfirms } from './sessions-touch-confirms.js';
import { stepUpStored } from './step-up-stored.js';
import { totpEnrol } from './totp-enrol.js';
import { totpUseStep } from './totp-use-step.js';

/** Every case there is, in the order in which they are told. */
export const GROUPS: readonly CaseGroup[] = [
  sessionsInsert,
  sessionsCap,
  sessionsNotBefore,
  sessionsNotBeforeAhead,
  sessionsFind,
  sessionsRoundTrip,
  sessionsListForUser,
  sessionsPages,
  sessionsList,
  sessionsRevoke,
  sessionsRevokeAll,
  sessionsTouch,
  sessionsTouchConfirms,
  sessionsChange,
  sessionsChangeKnown,
  sessionsRotate,
  sessionsStepUp,
  sessionsCorrectTimes,
  sessionsChangeAll,
  sessionsReplaceCredentials,
  sessionsHistories,
  sessionsExpiry,
  sessionsStored,
  sessionsChangeStored,
  sessionsRaces,
  sessionsTokenRaces,
  challengesInsert,
  challengesTake,
  challengesSpend,
  challengesDrop,
  challengesExpiry,
  grantsInsert,
  grantsTake,
  grantsMarks,
  grantsDrop,
  ...grantsExpiry,
  ...grantsStored,
  approvalsInsert,
  approvalsChange,
  approvalsDrop,
  ...approvalsExpiry,
  ...approvalsStored,
  approvalsRaces,
  attemptsCount,
  attemptsWindows,
  attemptsReset,
  attemptsRaces,
  attemptsDrop,
  attemptsExpiry,
  passkeysInsert,
  passkeysUse,
  passkeysManage,
  firstMethod,
  totpEnrol,
  totpUseStep,
  recoveryCodesTake,
  ...claims,
  ...stepUpStored,
  ...copies,
  ...copiesUsed,
];
