// Where the account settings stand, and whether they are open: what waits in them is opened
// from elsewhere.
import { ref } from 'vue'

export const forms = ['clients', 'tokens', 'password', 'accounts', 'server'] as const
export type Form = (typeof forms)[number]

export const form = ref<Form>('clients')
export const accountOpen = ref(false)
