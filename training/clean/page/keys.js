// A key presses its button, except while somebody types, or while the answer to the last key is under way.
let answered = null
document.addEventListener('keydown', event => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return
  if (event.target.closest('input:not([type=radio]), textarea, [role=listbox]:not(.tiles)')) return
  const button = document.getElementById('mark-' + event.key.toLowerCase())
  const cards = document.querySelector('[data-turn]')
  if (!button || !cards || cards.dataset.turn === answered) return
  event.preventDefault()
  answered = event.key.toLowerCase() === 'g' ? null : cards.dataset.turn  // switching the view triggers a second event
  button.click()
})
