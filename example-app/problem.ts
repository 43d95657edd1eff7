import type { ErrorRequestHandler, RequestHandler } from 'express';
import { Refusal, sendRefusal } from 'stepgate';

/** What the bank itself answers with when it can't do what was asked; in stepgate's own shape (RFC 9457). */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  /** The field of the body that is wrong, for a form to point at. */
  readonly field: string | undefined;

  constructor(status: number, code: string, detail: string, field?: string) {
    super(detail);
    this.status = status;
    this.code = code;
    this.field = field;
  }
}

export const notFound: RequestHandler = (_req, _res, next) => {
  next(new Problem(404, 'not_found', 'There is nothing here.'));
};

/** The last middleware: every error becomes an answer, and only unexpected ones reach the log. */
export const answerError: ErrorRequestHandler = (error, _req, res, next) => {
  if (res.headersSent) return next(error);
  if (error instanceof Refusal) return sendRefusal(res, error);
  const { status, code, message, field } = error instanceof Problem ? error : fromExpress(error);
  if (status === 500) console.error(error);
  res
    .status(status)
    .set('Cache-Control', 'no-store')
    .type('application/problem+json')
    .send(JSON.stringify({ status, code, detail: message, field }));
};

/** Express and its body parser throw errors with a status. Their messages may quote the body, so they aren't passed on. */
function fromExpress(error: unknown): Problem {
  const status = error instanceof Error && 'status' in error ? error.status : 500;
  if (status === 413) return new Problem(413, 'body_too_large', 'The request is too large.');
  if (status === 415) return new Problem(415, 'unsupported_media_type', 'This encoding is not supported.');
  if (status === 404) return new Problem(404, 'not_found', 'There is nothing here.');
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new Problem(400, 'request_invalid', 'The request could not be read. Send JSON.');
  }
  return new Problem(500, 'internal', 'Something went wrong on our side. Please try again.');
}
