import js from '@eslint/js';
import globals from 'globals';

const rules = {
  'complexity': ['error', 12],
  'eqeqeq': 'error',
  'max-len': ['error', { code: 150 }],
  'max-lines': ['error', 400],
  'no-implicit-coercion': 'error',
  'no-shadow': 'error',
  'no-var': 'error',
  'object-shorthand': 'error',
  'prefer-const': 'error',
  'prefer-template': 'error',
};

export default [
  { ignores: ['node_modules/', '.venv/', 'build/', 'dist/'] },
  js.configs.recommended,
  { rules },
  {
    files: ['extension/**/*.js', 'daemon/photoveil/api/dashboard/**/*.js'],
    languageOptions: { globals: { ...globals.browser, chrome: 'readonly' } },
    rules: { 'no-console': 'error', 'no-restricted-properties': ['error', { property: 'innerHTML', message: 'Build nodes.' }] },
  },
  { files: ['extension/content/*.js'], languageOptions: { sourceType: 'script', globals: { photoveil: 'writable' } } },
  { files: ['extension/page/*.js'], languageOptions: { sourceType: 'script', globals: { photoveilPage: 'readonly' } } },
  {
    files: ['tests/browser/**/*.mjs', 'tests/bench/*.mjs', 'tests/system/*.mjs', 'eslint.config.js'],
    languageOptions: { globals: { ...globals.node } },
  },
  { files: ['tests/browser/libraries/**/*.js'], languageOptions: { globals: { ...globals.browser } } },
  // The attempts of hostile pages.
  { files: ['tests/browser/hostile/pages/*.js'], languageOptions: { sourceType: 'script', globals: { ...globals.browser } } },
  // Parts of these run inside the page.
  { files: ['tests/dashboard/**/*.mjs'], languageOptions: { globals: { ...globals.node, ...globals.browser } } },
];
