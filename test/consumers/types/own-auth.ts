// An app with a `req.auth` of its own, or of another library, which takes ours by `current`.
import express from 'express';
import { memoryStore, stepgate } from 'stepgate';

declare global {
  namespace Express {
    interface Request {
      auth?: { readonly payload: { readonly sub: string } };
    }
  }
}

const auth = stepgate({
  secret: process.env['SECRET'],
  issuer: 'https://app.example',
  store: memoryStore(),
  requestProperty: false,
});

const app = express();
app.get('/me', auth.requireSession, (req, res) => {
  res.json({ before: req.auth?.payload.sub, now: auth.current(req).userId });
});
