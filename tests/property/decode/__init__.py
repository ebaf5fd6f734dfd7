"""What holds of decoding for any bytes and any lead."""
