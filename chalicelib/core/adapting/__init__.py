"""The steps of adaptation, in the order in which `core/adapt.py` takes them.

reading     the canonical content, parsed once for all its platforms
report      changes, issues and fidelity
linking     what becomes of the post's link
composing   the text as this network writes it: mentions, hashtags, warning, link
fitting     one part, a thread, or what is left of the text
media       which pictures, films and sounds may go along
details     title, poll, warning, labels, visibility, first comment, price
"""
