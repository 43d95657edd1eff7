import { vi } from 'vitest';

export const fakeTime = () => void vi.useFakeTimers();
export const realTime = () => void vi.useRealTimers();
