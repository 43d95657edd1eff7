import { fileURLToPath } from 'node:url';
import express, { type Response, Router } from 'express';
import type { RequireSession } from 'stepgate';

const PAGES = fileURLToPath(new URL('../../example-app/pages', import.meta.url));

/** What the pages load of packages, each a module that runs in a browser as it is. */
const VENDOR: Readonly<Record<string, string>> = {
  'stepgate/browser.js': import.meta.resolve('stepgate/browser'),
  'stepgate/approvals.js': import.meta.resolve('stepgate/browser/approvals'),
  'stepgate/dialog.js': import.meta.resolve('stepgate/browser/dialog'),
  'uqr.mjs': import.meta.resolve('uqr'),
  'bowser.mjs': new URL('bowser.mjs', import.meta.resolve('bowser')).href,
};

/** The bank's pages, and what they load. */
export function site(requireSession: RequireSession): Router {
  const router = Router();
  router.get('/', requireSession({ optional: true }), (req, res) => {
    if (req.auth) return res.redirect('/account');
    return sendPage(res, 'index.html');
  });
  router.get('/account', requireSession({ optional: true }), (req, res) => {
    if (!req.auth) return res.redirect('/');
    return sendPage(res, 'account.html');
  });
  router.get('/approvals', requireSession({ optional: true }), (req, res) => {
    if (!req.auth) return res.redirect('/');
    return sendPage(res, 'approvals.html');
  });
  for (const [path, url] of Object.entries(VENDOR)) {
    router.get(`/vendor/${path}`, (_req, res) => res.sendFile(fileURLToPath(url)));
  }
  router.use(express.static(PAGES, { index: false }));
  return router;
}

/** Kept by no cache: who goes back to a page after signing in or out would find what isn't so any more. */
function sendPage(res: Response, file: string): void {
  res.set('Cache-Control', 'no-store').sendFile(file, { root: PAGES, cacheControl: false });
}
