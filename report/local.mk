# report/
