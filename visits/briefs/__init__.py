"""Visit briefs as printed pages: editions in plain values, and the typesetting that draws them."""
