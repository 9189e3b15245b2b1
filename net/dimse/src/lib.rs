//! DIMSE services over bounded PDU reading.
