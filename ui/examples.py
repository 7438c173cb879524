"""Example questions that the shipped articles answer."""

EXAMPLES = (
    "How long is the border between Kazakhstan and Russia?",
    "Who put off a trip to Bishkek in December 2022?",
    "How much did rents rise in the northern towns?",
    "Why were students evicted in Almaty?",
    "What share of Kazakhstan's oil goes through the Caspian pipeline?",
    "When did the leaders meet in Kyrgyzstan?",
)
