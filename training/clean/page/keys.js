// A key presses its button, unless something is being typed, or the answer to the last key has not come yet.
let answered = null
document.addEventListener('keydown', event => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return
  if (event.target.closest('input:not([type=radio]), textarea, [role=listbox]:not(.tiles)')) return
  const button = document.getElementById('mark-' + event.key.toLowerCase())
  const cards = document.querySelector('[data-turn]')
  if (!button || !cards || cards.dataset.turn === answered) return
  event.preventDefault()
  answered = event.key.toLowerCase() === 'g' ? null : cards.dataset.turn  // the other view is an answer of its own
  button.click()
})
