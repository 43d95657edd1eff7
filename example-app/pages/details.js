import { call, notify, onPress, onSubmit } from './bank.js';

const form = document.querySelector('#role');

onSubmit(form, async (fields) => {
  const { role } = await call('POST', '/role', { role: fields.role });
  showRole(role);
  notify(`Your role is ${role} now.`);
});

onPress(document.querySelector('#export'), async () => {
  const data = await call('GET', '/export');
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([JSON.stringify(data, null, 2)], { type: 'application/json' }));
  link.download = 'small-bank.json';
  link.click();
  URL.revokeObjectURL(link.href);
  notify('Your data is in your downloads.');
});

export function showRole(role) {
  document.querySelector('#role-now').textContent = role;
  form.elements.role.value = role;
}
