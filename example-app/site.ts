import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import express, { Router } from 'express';
import type { RequireSession } from 'stepgate';

const PAGES = fileURLToPath(new URL('../../example-app/pages', import.meta.url));
const BOWSER = dirname(fileURLToPath(import.meta.resolve('bowser')));
const WEBAUTHN = dirname(fileURLToPath(import.meta.resolve('@simplewebauthn/browser')));

/** The bank's pages, and what they load. */
export function site(requireSession: RequireSession): Router {
  const router = Router();
  router.get('/', requireSession({ optional: true }), (req, res) => {
    if (req.auth) return res.redirect('/account');
    return res.sendFile('index.html', { root: PAGES });
  });
  router.get('/account', requireSession({ optional: true }), (req, res) => {
    if (!req.auth) return res.redirect('/');
    return res.sendFile('account.html', { root: PAGES });
  });
  router.get('/vendor/bowser.mjs', (_req, res) => res.sendFile('bowser.mjs', { root: BOWSER }));
  router.use('/vendor/simplewebauthn', express.static(WEBAUTHN, { index: false }));
  router.use(express.static(PAGES, { index: false }));
  return router;
}
