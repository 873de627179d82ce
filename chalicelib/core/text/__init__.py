"""The only place that counts, cuts, links and splits text.

graphemes   characters as readers see them, and emoji sequences
links       URLs, with and without a scheme
spans       links, mentions, hashtags and cashtags of one text, found once
measures    every network's way to count
offsets     positions in UTF-8 bytes, UTF-16 units or code points
cutting     atoms, the places between them, splitting and truncating
wire        what is escaped on the way out, and its inverse
"""
