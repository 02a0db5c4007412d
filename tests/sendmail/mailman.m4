MAILER_DEFINITIONS
Mmailman,	P=/run/sendmail/deliver, F=DFMlSqu, U=list:list,
		S=EnvFromL/HdrFromL, R=EnvToL/HdrToL, D=/, T=DNS/RFC822/X-Unix,
		A=mm-handler -- $h $u
