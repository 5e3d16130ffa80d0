"""What comes in: arrays, frames, files of text, labels, weights and scales, checked and converted once."""
