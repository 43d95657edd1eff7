export type { Confirm, ConfirmOutcome, ConfirmRequest, MethodName, ProveOutcome, Ways } from './confirm.js';
